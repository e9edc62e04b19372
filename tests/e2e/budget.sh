#!/bin/sh
# Runs with a limit and a gate that is manual: nobody is waited for once the limit is reached.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
trap '"$avo" stop r >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT

"$avo" init r --gate manual >/dev/null
git config -f r/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 20"
for life in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	timeout 60 "$avo" run r --headless --attempts 1 >out 2>&1
	status=$?
	"$avo" pending r >/dev/null 2>&1 && break
done
is "$status" 0 "--attempts: the command ends with status 0 while an attempt waits" || cat out
attempt=$("$avo" pending r --json | jq -r .attempt)
like "$(cat out)" "^r: stopped|^r: finished" "the run has ended"
like "$(cat out)" "^$attempt waits for approval: avo approve $attempt r\$" "and says what is to be decided, and how"
like "$("$avo" events r --type state | tail -1)" "budget of .* attempts? is used up; $attempt waits" "the record says both"
is "$("$avo" status r --json | jq -r '"\(.engine) \(.pending[0])"')" "false $attempt" "no engine is left, the attempt is"
like "$("$avo" approve r)" "^$attempt is v1 now" "it is approved without one"

# with time left the run waits, and the time that it waits does not count
timeout 60 "$avo" run r --headless --time 3s >out 2>&1 &
viewer=$!
wait_for 30 "$avo" pending r
ok $? "another attempt comes to wait for approval" || cat out
sleep 4
is "$("$avo" status r --json | jq -r '"\(.engine) \(.state)"')" "true awaiting" "--time: with time left a decision is waited for"
until ! kill -0 "$viewer" 2>/dev/null; do
	"$avo" reject r -m "not now" >/dev/null 2>&1
	sleep 0.1
done
wait "$viewer"
is "$?" 0 "it ends when its time is used up"
like "$("$avo" events r --type state)" 'finished +the time budget of .* is used up' "and says so"

git config -f r/avo.conf budget.attempts 1
timeout 60 "$avo" run r --headless >out 2>&1
is "$?" 0 "a run whose budget is used up ends at once"
like "$("$avo" events r --type state | tail -1)" 'budget of 1 attempt is used up' "and says why"
journal_keeps r
done_testing
