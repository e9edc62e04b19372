#!/bin/sh
# bootstrap, as far as nothing is installed or built by it: what it says before, and what it refuses in plain words.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bootstrap=$AVO_TOP_SRCDIR/bootstrap

for name in "it's" 'a$b' 'say "x"' 'one & two' 'back\slash'; do
	mkdir "$work/$name"
	cp "$bootstrap" "$work/$name/"
	"$work/$name/bootstrap" configure >"$work/out" 2>&1
	is "$?" 3 "a clone in <$name> is refused"
	like "$(cat "$work/out")" 'move the clone to a path without them' "with what to do"
done
mkdir "$work/my ünïcode dir"
cp "$bootstrap" "$work/my ünïcode dir/"
"$work/my ünïcode dir/bootstrap" --help >"$work/out" 2>&1
is "$?" 0 "one with a space and letters is not"
for word in AVO_CONFIGURE AVO_NO_INSTALL AVO_CHECK JOBS worker deb '15 minutes'; do
	like "$(cat "$work/out")" "$word" "--help names $word"
done
unlike "$(sed -n "/_packages='/,/'\$/p" "$bootstrap")" '-server|apache|nginx' "no package that it installs is a service"
done_testing
