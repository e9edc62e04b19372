#!/bin/sh
# One engine a run, whatever host and whatever user it is of.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
trap 'kill -9 $engine 2>/dev/null; cd /; rm -rf "$work"' EXIT

new_run() { # new_run DIR
	"$avo" init "$1" --suite cpu-quick >/dev/null
	git config -f "$1/avo.conf" score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 100"
	git config -f "$1/avo.conf" score.peers false
}
begin() { # begin DIR: its engine's pid in $engine
	"$avo" run "$1" --headless >/dev/null 2>&1 &
	wait_for 60 sh -c "[ \"\$('$avo' status '$1' --json | jq '.attempts > 0 and .pid > 0')\" = true ]"
	engine=$("$avo" status "$1" --json | jq -r .pid)
}
elsewhere() { # elsewhere COMMAND...: on another host of the same file system, with locks of its own
	OTHER_HOST=node7 ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}" LD_PRELOAD="$AVO_TOP_BUILDDIR/tests/lib/otherhost.so" \
		timeout 120 "$@" >out 2>err
}

new_run r
begin r
elsewhere "$avo" run r --headless --attempts 1
is $? 3 "an engine of another host keeps a second one out" || cat out err
like "$(cat err)" "on another host, $(hostname) \(pid $engine, .*ssh $(hostname) avo stop" "it is named, with what ends it"
is "$(jq -s '[.[].seq] == [range(1; length + 1)]' r/.avo/journal/*.jsonl)" true "nothing was written beside it"
kill -9 "$engine"
elsewhere "$avo" run r --headless --attempts 1
is $? 3 "one that was killed is waited for"
like "$(cat err)" 'try again in [0-9]+ s' "with the time it takes"
touch -d '1 minute ago' r/.avo/engine.lock
elsewhere "$avo" run r --headless --attempts 1
is $? 0 "when it was not seen for long, the run goes on" || cat err
is "$(wc -c <r/.avo/engine.lock)" 0 "an engine that ended is nobody's rival"
printf '999 %s not-this-boot\n' "$(hostname)" >r/.avo/engine.lock
timeout 120 "$avo" run r --headless --attempts 1 >out 2>err
is $? 0 "nor is one of an earlier boot of this host" || cat err

begin r
last=$(tail -1 r/.avo/journal/000001.jsonl)
printf '%s\n' "$last" >>r/.avo/journal/000001.jsonl
wait_for 30 sh -c "! kill -0 $engine 2>/dev/null"
ok $? "somebody else's line in the journal ends the engine"
is "$(tail -1 r/.avo/journal/000001.jsonl)" "$last" "which writes nothing behind it"
like "$(cat r/.avo/engine.log)" 'somebody else writes the journal' "and says so"

if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
	skip "another user's run" "needs root and setpriv"
	done_testing
	exit
fi
mkdir shared && chmod 777 shared && chmod 755 "$work" && cd shared || exit 1
other="setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/tmp"
if ! $other "$avo" init --suite cpu-quick r >/dev/null 2>&1; then
	skip "another user's run" "the build directory is not open to others"
	done_testing
	exit
fi
$other git config -f r/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker"
$other git config -f r/avo.conf score.peers false
HOME=$work/none "$avo" diff v0 v0 r >out 2>err
like "$? $(cat err)" '^3 .*safe.directory .*belongs to' "reading another user's run says whose it is, and how to"
HOME=$work/none "$avo" run r --headless --attempts 1 >out 2>err
like "$? $(cat err)" '^3 .*start it as .*sudo -u' "running it does"
is "$(find r -user 0)" "" "and leaves nothing of ours in it"
$other timeout 120 "$avo" run r --headless --attempts 1 >out 2>err
is $? 0 "its owner goes on" || cat err
done_testing
