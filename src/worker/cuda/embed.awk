# Text files as one C string literal, without the includes of each other: awk -v name=NAME -f embed.awk FILE...
BEGIN { print "/* made by embed.awk */\nstatic const char " name "[] =" }
/^#include "/ { next }
{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); print "\t\"" $0 "\\n\"" }
END { print "\t;" }
