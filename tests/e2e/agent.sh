#!/bin/sh
# The agent through a whole run, on both wires: real engine, real compiler, real scores, a scripted model.
# Nothing in here is timed: what is waited for is a state.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo
tmp=$(mktemp -d /tmp/avo-agent-XXXXXX)
trap 'kill $server 2>/dev/null; "$avo" stop "$run" >/dev/null 2>&1; rm -rf "$tmp"' EXIT
server=
watcher=

# reach PROCESS COMMAND...: waits until the command succeeds, as long as that process lives (and a quarter of an hour at most)
reach() {
	alive=$1
	shift
	until=$(($(date +%s) + 900))
	until "$@" >/dev/null 2>&1; do
		kill -0 "$alive" 2>/dev/null && [ "$(date +%s)" -lt "$until" ] || {
			"$@" >/dev/null 2>&1
			return
		}
		sleep 0.2
	done
}

start_server() { # WIRE SCRIPT
	rm -f "$tmp/port"
	"$AVO_TOP_BUILDDIR/tests/lib/model_script" "$1" "$2" "$tmp/model.log" >"$tmp/port" 2>"$tmp/model.err" &
	server=$!
	reach $server test -s "$tmp/port"
	port=$(cat "$tmp/port")
}

events() { "$avo" events --json "$run"; }
has() { events | grep -q -- "$1"; }
verdicts() { events | sed -n 's/.*"type":"attempt-scored".*"verdict":"\([a-z-]*\)".*/\1/p' | tr '\n' ' '; }

for wire in messages chat; do
	run=$tmp/$wire
	start_server $wire "$AVO_TOP_SRCDIR/tests/e2e/agent/scenario.jsonl"
	"$avo" init "$run" --operator agent --model scripted --base-url "http://127.0.0.1:$port" --suite cpu-quick --seed reference >/dev/null
	is $? 0 "$wire: a run with an agent is made"
	git config -f "$run/avo.conf" agent.api $wire
	git config -f "$run/avo.conf" score.peers false
	# the decisions must not depend on how busy this machine is: rounds until they are sure, however long those take
	git config -f "$run/avo.conf" score.max-seconds 600
	git config -f "$run/avo.conf" score.confidence 0.999
	git config -f "$run/avo.conf" score.deadline 20m
	git config -f "$run/avo.conf" supervisor.repeats 3
	git config -f "$run/avo.conf" supervisor.cooldown 2
	git config -f "$run/avo.conf" agent.backoff 1
	AVO_TEST_SECRET_KEY=sk-never-to-be-seen-0123456789
	export AVO_TEST_SECRET_KEY
	git config -f "$run/avo.conf" agent.key-env AVO_TEST_SECRET_KEY
	"$avo" run --headless "$run" >"$tmp/out" 2>&1 &
	watcher=$!
	reach $watcher has '"text":"echo before the kill"'
	ok $? "$wire: the agent came as far as the second step"
	reach $watcher grep -q '^hangs' "$tmp/model.log"
	ok $? "$wire: and into the middle of the model's next answer"
	kill -9 "$(sed -n '1s/ .*//p' "$run/.avo/engine.lock")"
	wait $watcher

	like "$(verdicts)" '^build-failed incorrect passed passed ' "$wire: it failed to build, was wrong, regressed, improved"
	has '"decision":"regressed"' && has '"decision":"improved"'
	ok $? "$wire: the engine measured both"
	like "$("$avo" log --json "$run")" '"version":"v1".*accumulate the output row by row' "$wire: the improvement was committed"
	has '"type":"action-ended".*"detail":{"call":"[0-9a-f]\{16\}"}'
	ok $? "$wire: calls that come back can be recognized"
	has '"trigger":"repeated-candidate"' && has '"what":"review"'
	ok $? "$wire: the supervisor stepped in and had the search reviewed" ||
		"$avo" events "$run" --json | grep -E 'attempt-scored|intervention|step-|state' | cut -c 1-300 | sed 's/^/# /'
	like "$("$avo" directions --json "$run")" 'block the keys' "$wire: the review's directions are in the ledger"
	grep -q 'block the keys' "$tmp/model.log"
	ok $? "$wire: the agent was told of them"

	"$avo" run --headless --steps 1 "$run" >"$tmp/out2" 2>&1 &
	watcher=$!
	reach $watcher has '"text":"resumed"'
	ok $? "$wire: killed in mid-stream it resumes, and remembers"
	reach $watcher has 'resumed after a kill'
	"$avo" stop "$run" >/dev/null 2>&1
	wait $watcher
	is "$(grep -cv ' ok ' "$tmp/model.log")" 0 "$wire: every request was one that a strict server takes"
	grep -q 'edit.*not there' "$tmp/model.log" || grep -q 'text to replace is not there' "$tmp/model.log"
	ok $? "$wire: a failed edit says what to do"
	unlike "$(events)" '"type":"action-started".*this must not run' "$wire: no tool runs after the step has ended"
	unlike "$(cat "$run"/.avo/journal/* "$run"/.avo/engine.log "$run"/.avo/blobs/* 2>/dev/null)" 'sk-never-to-be-seen' "$wire: the key is nowhere"
	kill $server
	wait $server 2>/dev/null
done
journal_keeps "$run"
done_testing
