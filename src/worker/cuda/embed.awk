# A text file as one C string literal: awk -v name=NAME -f embed.awk FILE
BEGIN { print "/* made by embed.awk */\nstatic const char " name "[] =" }
{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); print "\t\"" $0 "\\n\"" }
END { print "\t;" }
