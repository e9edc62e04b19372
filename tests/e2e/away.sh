#!/bin/sh
# Workers that are away: behind a client that behaves as srun does (tests/lib/srunlike.sh), with a node that is down, a queue, and every
# way in which a run ends. Nothing is charged to an attempt, what the client says is shown, and nothing is left on the node.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
work=$(mktemp -d /tmp/avo-away-XXXXXX) || exit 1
node=$work/node
trap 'rm -f "$node/hold" "$node/down"; "$avo" stop --kill "$work/r" >/dev/null 2>&1; rm -rf "$work"' EXIT
mkdir "$node"
cd "$work" || exit 1
"$avo" init r --suite cpu-quick >/dev/null
git config -f r/avo.conf score.worker "sh $AVO_TOP_SRCDIR/tests/lib/srunlike.sh $node $AVO_TOP_BUILDDIR/tests/lib/fake_worker --ms 300"
git config -f r/avo.conf score.backoff 0.1
status() { "$avo" status r --json | jq -r "$1"; }
state_is() { [ "$(status .state)" = "$1" ]; }
jobs_left() { find "$node" -name 'job.*' | wc -l | tr -d ' '; }
no_jobs() { [ "$(jobs_left)" = 0 ]; }
attempts_are() { [ "$(status .attempts)" -ge "$1" ]; }
clients() { wc -l <"$node/clients" | tr -d ' '; }
engine() { sed -n '1s/ .*//p' r/.avo/engine.lock; }

# a queue: one client, its words, no deadline, no charge
touch "$node/hold"
"$avo" run r --headless >out 2>&1 &
wait_for 60 state_is waiting
ok $? "a worker in a queue is waited for" || cat out
like "$("$avo" status r)" 'worker +waits for the worker \(sh .*\) since .*, it said: srun: job 4711 queued and waiting for resources' "status says what its client said"
like "$("$avo" events r --type state | tail -1)" 'waiting .*it said: srun: job 4711 queued' "so does the record"
before=$(status .active_s)
sleep 2
is "$(status .active_s)" "$before" "no active time goes by"
is "$(clients)" 1 "there is one client for the whole wait"
rm "$node/hold"
wait_for 120 attempts_are 1
ok $? "when it comes the run goes on" || cat out
like "$("$avo" events r --type device)" 'fake device' "the device of the record is the worker's"

# a node that goes down in the middle, and comes back
touch "$node/down"
kill -TERM "$(cat "$node"/job.*.work | head -1)"
wait_for 60 state_is waiting
ok $? "a node that is down is waited for" || cat out
wait_for 60 sh -c "'$avo' status r | grep -q 'state .*node is down'"
ok $? "its client's last words are the reason" || "$avo" status r
like "$(status .wait.tries)" '^[0-9]+$' "the tries are counted"
rm "$node/down"
had=$(status .attempts)
"$avo" resume r >/dev/null
wait_for 60 attempts_are "$((had + 1))"
ok $? "it goes on when the node is back, at once after avo resume" || cat out
is "$("$avo" attempts r --json | jq -r 'select(.verdict == "evaluator-fault") | .attempt' | wc -l | tr -d ' ')" 0 "no attempt was charged"

# ends
"$avo" stop r >out.stop 2>&1
is $? 0 "avo stop ends it" || cat out.stop
is "$(jobs_left)" 0 "and leaves no job on the node"
wait
"$avo" run r --detach >/dev/null 2>&1
had=$(status .attempts)
wait_for 120 attempts_are "$((had + 1))"
kill -KILL "$(engine)"
wait_for 30 no_jobs
ok $? "a killed engine leaves no job behind either" || ls "$node"
is "$(status .state)" died "status says that it died"
touch "$node/hold"
"$avo" run r --detach >/dev/null 2>&1
wait_for 60 state_is waiting
"$avo" stop r >/dev/null
is "$(jobs_left)" 0 "a queued job is withdrawn"
rm "$node/hold"

# an engine that cannot be talked to
"$avo" run r --headless >out 2>&1 &
viewer=$!
wait_for 120 state_is running
rm r/.avo/ctl.sock
wait_for 30 test -S r/.avo/ctl.sock
ok $? "a control socket that was removed is made again"
pid=$(engine)
kill -STOP "$pid"
like "$("$avo" pause r 2>&1)" "the engine, pid $pid, does not answer.*avo stop --kill" "an engine that hangs is named, with what to do"
"$avo" stop --kill r >out.stop 2>&1
is $? 0 "avo stop --kill ends it" || cat out.stop
wait $viewer
is $? 3 "who watched is told by the exit status that it died"
like "$(cat out)" 'the engine died.*avo run r goes on|the engine died' "and in words"
wait_for 30 no_jobs
ok $? "its worker has gone, too"
done_testing
