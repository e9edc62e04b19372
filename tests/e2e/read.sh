#!/bin/sh
# What the reading commands print about a known run, byte for byte.
# AVO_REGEN=1 writes the golden files anew.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
golden=$AVO_TOP_SRCDIR/tests/e2e/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

"$AVO_TOP_BUILDDIR/tests/lib/mkrun" run >mkrun.out || { cat mkrun.out; exit 1; }
AVO_TEST_NOW=2026-03-01T09:30:08.100Z
export AVO_TEST_NOW

# shows NAME ARGUMENTS...: stdout, stderr and exit status against golden/NAME
shows() {
	name=$1
	shift
	{
		"$AVO_TOP_BUILDDIR/avo" "$@" 2>err
		echo "exit status $?"
		sed "s|^|stderr: |; s|$work|WORK|g; s|$golden|GOLDEN|g" err
	} >got
	if [ -n "${AVO_REGEN:-}" ]; then
		cp got "$golden/$name"
	fi
	if diff -u "$golden/$name" got >diff; then
		ok 0 "avo $*"
	else
		ok 1 "avo $*"
		sed 's/^/# /' diff
	fi
}

shows log log run
shows log-json log --json run -n 2
shows log-ascii log --ascii run
shows attempts attempts run
shows attempts-incorrect attempts run --verdict incorrect
shows attempts-json attempts run --json -n 1
shows attempts-bad attempts run --verdict splendid
shows directions directions run
shows directions-json directions run --json --number=1
shows pending pending run
shows show-version show v2 run
shows show-improved show a3 run
shows show-incorrect show a19 run
shows show-build-failed show a22 run
shows show-json show a19 run --json
shows show-nothing show a99 run
shows show-what show run
shows diff-two diff v1 v2 run
shows diff-parent diff a19 run -U 0
shows diff-stat diff v0 v5 run --stat
shows diff-json diff v4 v5 run --json
shows diff-seed diff v0 run
shows diff-nothing diff v0 v77 run
shows events-type events run --type direction-opened
shows events-after events run --after 255 --json
shows report report run
shows no-run log "$golden/.."
shows no-option log run --frobnicate
shows no-value log run -n
shows bad-number log run -n many
shows no-command blog
shows too-many log run run

(cd run && "$AVO_TOP_BUILDDIR/avo" log -n 1) >got
like "$(cat got)" '^v5 ' "inside a run its directory need not be named"
like "$(git -C run log --notes=avo lineage -1)" 'Avo-Version: v5' "plain git reads the lineage"
is "$(git -C run tag | tr '\n' ' ')" "v0 v1 v2 v3 v4 v5 " "versions are tags"
"$AVO_TOP_BUILDDIR/avo" log run >/dev/full 2>err
is $? 3 "a full output is an error"
before=$(cksum <run/.avo/journal/000001.jsonl)
"$AVO_TOP_BUILDDIR/avo" report -o run/.avo/journal/000001.jsonl run 2>err
is "$? $(cksum <run/.avo/journal/000001.jsonl)" "2 $before" "a report is not written over the record"
(cd run/.avo && "$AVO_TOP_BUILDDIR/avo" report -o new.md ..) 2>err
is "$? $(ls run/.avo/new.md 2>/dev/null)" "2 " "nor beside it"
cp -r run odd && rm odd/.avo/journal/000001.jsonl && mkfifo odd/.avo/journal/000001.jsonl
timeout 20 "$AVO_TOP_BUILDDIR/avo" log odd >/dev/null 2>err
is $? 3 "a record that is a FIFO is not waited for" || cat err
like "$("$AVO_TOP_BUILDDIR/avo" log run | cat -v)" '^v5' "no colours in a pipe"
unlike "$("$AVO_TOP_BUILDDIR/avo" log run | cat -v)" '\^\[' "no escape sequences in a pipe"
done_testing
