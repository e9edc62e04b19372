#!/bin/sh
# The agent's background jobs stand still while its candidate is measured, and go on after that.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
tmp=$(mktemp -d /tmp/avo-jobs-XXXXXX)
run=$tmp/run
server=
watcher=
trap 'kill $server 2>/dev/null; "$avo" stop "$run" >/dev/null 2>&1; rm -rf "$tmp"' EXIT

# reach COMMAND...: waits until the command succeeds, as long as the run is watched (and five minutes at most)
reach() {
	until=$(($(date +%s) + 300))
	until "$@" >/dev/null 2>&1; do
		kill -0 "$watcher" 2>/dev/null && [ "$(date +%s)" -lt "$until" ] || {
			"$@" >/dev/null 2>&1
			return
		}
		sleep 0.02
	done
}

has() { "$avo" events --json "$run" | grep -q -- "$1"; }

# The shell of this run's job, and the letter of its state; the run's own temporary directory tells it from others.
job_state() {
	for pid in $(pgrep -f 'until test -e .*avo-standing-job'); do
		grep -qz "^TMPDIR=$run/" "/proc/$pid/environ" 2>/dev/null && [ "$(cat "/proc/$pid/comm")" = sh ] || continue
		sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat"
	done
}
stands_still() { [ "$(job_state | sort -u)" = T ]; }
goes_on() { [ -n "$(job_state)" ] && ! job_state | grep -q T; }
still_measured() { has '"type":"attempt-started"' && ! has '"type":"attempt-scored"'; }

"$AVO_TOP_BUILDDIR/tests/lib/model_script" messages "$AVO_TOP_SRCDIR/tests/e2e/agent/jobs.jsonl" "$tmp/model.log" >"$tmp/port" 2>"$tmp/model.err" &
server=$!
watcher=$server
reach test -s "$tmp/port"
"$avo" init "$run" --operator agent --model scripted --base-url "http://127.0.0.1:$(cat "$tmp/port")" --suite cpu-quick --seed reference >/dev/null
is $? 0 "a run with an agent is made"
git config -f "$run/avo.conf" agent.api messages
git config -f "$run/avo.conf" score.peers false
# long enough to be looked at: rounds until it is sure, which it never is of two that are equal
git config -f "$run/avo.conf" score.max-seconds 4
git config -f "$run/avo.conf" score.confidence 0.999
AVO_TEST_KEY=sk-any
export AVO_TEST_KEY
git config -f "$run/avo.conf" agent.key-env AVO_TEST_KEY
"$avo" run --headless --steps 1 "$run" >"$tmp/out" 2>&1 &
watcher=$!

reach has '"type":"attempt-started"'
ok $? "the candidate is handed in"
reach stands_still
ok $? "the job stands still"
still_measured
ok $? "while the candidate is measured"
reach has '"type":"attempt-scored"'
ok $? "the candidate is scored"
reach goes_on
ok $? "the job goes on"
: >"$run/.avo/work/tmp/go"
reach has 'the job has ended'
ok $? "and comes to its end"
done_testing
