#!/bin/sh
# build.sh OUT SRCDIR 'SOURCES' COMPILER-FLAGS... -- LIBRARIES...
# Compiles and links a fuzz target; headers among the sources are left out.
set -e
out=$1
srcdir=$2
list=$3
shift 3
sources=
for file in $list; do
	case $file in *.c) sources="$sources $srcdir/$file" ;; esac
done
flags=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	flags="$flags '$(printf '%s' "$1" | sed "s/'/'\\\\''/g")'"
	shift
done
shift
eval "exec $FUZZ_CC -std=gnu11 -g -O1 -w -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	-DAVO_FUZZING=1 $flags $sources -o '$out' $*"
