#!/bin/sh
# embed.sh FILE NAME: prints C source that defines NAME as the text of FILE.
printf '/* Made by ui/embed.sh from %s. */\n#include "ui/keys.h"\n\nconst char %s[] =\n' "$(basename "$1")" "$2"
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$1"
printf '\t;\n'
