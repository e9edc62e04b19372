#!/bin/sh
# The agent against a real llama-server: real sockets, real streams, calls that fit the schemas and mean nothing. On each of the two
# wires a run is killed in the middle, stopped in order, and started again each time; nothing may crash, hang, leak a process or
# grow without end, and no request may hold a conversation that a strict server refuses. 500 turns take four to fifteen minutes a
# wire on two processors, by what else they have to do.
#
#     AVO_LLAMA_TESTS=1        ask for it: the first time, the server is built (ten minutes, half an hour where there is other work) and kept in the user's cache
#     AVO_LLAMA_TURNS=500      turns of the model on each wire
#     AVO_LLAMA_WIRES="chat messages"
#     AVO_LLAMA_SERVER=FILE    a llama-server that is there already; AVO_LLAMA_TEMPLATE=FILE: Qwen2.5's chat template for it
#     AVO_LLAMA_RESULT=FILE    what was measured, as JSON
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
[ -n "$AVO_LLAMA_TESTS" ] || skip_all "set AVO_LLAMA_TESTS=1 to run the agent against a llama-server that is built for it"

package=node-llama-cpp@3.22.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/avo-tests
turns=${AVO_LLAMA_TURNS:-500}
context=32768	# a token of this model is a byte: tools, task and some ten turns
silence=240	# seconds without an event that count as stuck
growth=16384	# KiB that the engine may grow by between a fifth of the turns and nine tenths of them
avo=$AVO_TOP_BUILDDIR/avo
server=${AVO_LLAMA_SERVER:-$cache/llama-server}
template=${AVO_LLAMA_TEMPLATE:-$cache/qwen2.5.jinja}
server_pid=
relay_pid=
watcher=
# freed memory is kept aside by AddressSanitizer, which would be taken for growth
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=4
export ASAN_OPTIONS

need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip_all "$tool is missing"
	done
}

# The package carries the whole source as a git bundle; nothing else is downloaded.
build_server() {
	need npm git cmake ninja c++
	echo "# building llama-server from $package: some ten minutes on two processors"
	build=$(mktemp -d "$cache/build-XXXXXX") || exit 1
	(
		cd "$build" || exit 1
		npm pack --silent $package >pack.log 2>&1 || exit 2
		tar xzf node-llama-cpp-*.tgz package/llama/gitRelease.bundle && git clone -q package/llama/gitRelease.bundle source &&
			cmake -S source -B out -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
				-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DBUILD_SHARED_LIBS=OFF &&
			nice -n 19 ninja -C out -j "$(nproc)" llama-server
	) >"$cache/build.log" 2>&1
	status=$?
	if [ $status -eq 0 ]; then
		cp "$build/source/models/templates/Qwen-Qwen2.5-7B-Instruct.jinja" "$template" && mv "$build/out/bin/llama-server" "$server"
	fi
	rm -rf "$build"
	[ $status -ne 2 ] || skip_all "$package cannot be fetched"
	[ -x "$server" ] || skip_all "llama-server could not be built; see $cache/build.log"
}

need python3 jq curl
mkdir -p "$cache" || exit 1
[ -x "$server" ] || build_server
tmp=$(mktemp -d /tmp/avo-llama-XXXXXX) || exit 1
trap 'exit 1' INT TERM HUP
trap '"$avo" stop "$tmp/chat" >/dev/null 2>&1; "$avo" stop "$tmp/messages" >/dev/null 2>&1; kill $relay_pid $server_pid 2>/dev/null; rm -rf "$tmp"' EXIT
python3 "$AVO_TOP_SRCDIR/tests/lib/monkey_gguf.py" "$tmp/monkey.gguf" $context "$template" || exit 1

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$server" -m "$tmp/monkey.gguf" --host 127.0.0.1 --port "$port" -c $context --parallel 1 --jinja --no-warmup -t 1 -tb 1 >"$tmp/server.log" 2>&1 &
server_pid=$!
wait_for 60 curl -fs "http://127.0.0.1:$port/health"
ok $? "the server is up with a model made for this test" || { tail -20 "$tmp/server.log" | sed 's/^/# /'; done_testing; exit 1; }

events() { "$avo" events --json "$run"; }
count() { cat "$run"/.avo/journal/*.jsonl 2>/dev/null | grep -c -- "$1"; }
turns_done() { count '"purpose":"turn"'; }
engine() { sed -n '1s/ .*//p' "$run/.avo/engine.lock"; }
lives() { "$avo" status --json "$run" | jq -e '.pid > 0'; }
memory() { sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "/proc/$(engine)/status"; } # VmRSS, VmHWM
fatal() { # what an engine that does not go on leaves behind
	events | tail -3 | cut -c1-300 | sed 's/^/# /'
	tail -5 "$run/.avo/engine.log" | sed 's/^/# /'
}

# "pid start-time" of everything below a process: a pid alone may be somebody else's by the time it is looked at again
below() {
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		sed "s/^\([0-9]*\) (.*) /\1 /" /proc/"$child"/stat 2>/dev/null | awk '{ print $1, $21 }'
		below "$child"
	done
}

# Waits until the model took so many turns in all; fails when nothing happens for too long, or the engine is gone.
wait_turns() { # TURNS
	seen=0
	since=$(date +%s)
	while [ "$(turns_done)" -lt "$1" ]; do
		kill -0 "$(engine)" 2>/dev/null || return 1
		now=$(cat "$run"/.avo/journal/*.jsonl | wc -l)
		[ "$now" -eq "$seen" ] || since=$(date +%s)
		seen=$now
		[ $(($(date +%s) - since)) -lt $silence ] || return 1
		below "$(engine)" >"$tmp/now"
		cat "$tmp/now" >>"$tmp/processes"
		n=$(wc -l <"$tmp/now")
		[ "$n" -le "$most" ] || most=$n
		sleep 0.5
	done
}

in_a_call() { tail -q -n 1 "$run"/.avo/journal/*.jsonl | grep '"type":"action-started"'; }

still_there() {
	sort -u "$tmp/processes" | while read -r pid start; do
		[ "$(sed "s/^\([0-9]*\) (.*) /\1 /" /proc/"$pid"/stat 2>/dev/null | awk '{ print $21 }')" != "$start" ] || ps -o pid=,args= "$pid"
	done
}

# What was never seen below the engine, and still works in the run's directory.
strays() {
	for dir in /proc/[0-9]*; do
		case "$(readlink "$dir/cwd" 2>/dev/null) $(tr '\0' ' ' 2>/dev/null <"$dir/cmdline") " in
		*"$run/"* | *"$run "*) ps -o pid=,args= "${dir#/proc/}" ;;
		esac
	done
}

start_relay() {
	: >"$tmp/port"
	"$AVO_TOP_BUILDDIR/tests/lib/model_relay" "$port" "$tmp/$wire.asked" >"$tmp/port" 2>>"$tmp/relay.err" &
	relay_pid=$!
	wait_for 10 test -s "$tmp/port"
}

make_run() {
	"$avo" init "$run" --operator agent --model monkey --base-url "http://127.0.0.1:$(cat "$tmp/port")" --suite cpu-quick --seed reference >/dev/null || return
	for setting in "agent.api $wire" "agent.max-output 256" "agent.output-limit 512" "agent.step-turns 20" "agent.step-attempts 30" \
		"agent.backoff 1" "supervisor.cooldown 4" "score.peers false" "score.worker $AVO_TOP_BUILDDIR/tests/lib/fake_worker"; do
		git config -f "$run/avo.conf" "${setting%% *}" "${setting#* }"
	done
	# on one wire avo knows the window and cuts in time; on the other the server has to say that it is too much
	[ $wire = chat ] || git config -f "$run/avo.conf" agent.context-window $context
}

start_engine() {
	"$avo" run --headless "$run" >>"$tmp/out" 2>&1 &
	watcher=$!
	wait_for 60 lives
}

stop_engine() {
	"$avo" stop "$run" >/dev/null 2>&1
	wait $watcher
	wait_for 20 sh -c "! '$avo' status --json '$run' | jq -e '.pid > 0'"
}

# What the record says, in numbers.
summary() {
	cat "$run"/.avo/journal/*.jsonl | jq -n -c --slurpfile asked "$tmp/$wire.asked" --arg wire $wire --argjson seconds "$seconds" \
		--argjson early "${early:-null}" --argjson late "${late:-null}" --argjson peak "${peak:-null}" --argjson processes "$(sort -u "$tmp/processes" | wc -l)" '
		reduce inputs as $e ({}; .[$e.type + (if $e.type == "usage" then " " + $e.purpose elif $e.type == "memory" then " " + $e.what else "" end)] += 1
			| if $e.compactions then .cuts = $e.compactions else . end
			| if $e.type == "usage" then .tokens_in += $e.tokens_in | .tokens_out += $e.tokens_out else . end)
		| { wire: $wire, turns: (."usage turn" // 0), seconds: $seconds, tokens_in, tokens_out, requests: ($asked | length),
			longest_request_bytes: ($asked | map(.bytes) | max), refused_as_too_long: ($asked | map(select(.status == 400)) | length),
			calls: (."action-started" // 0), evaluations: (."attempt-scored" // 0), versions: (.version // 0), steps: (."step-ended" // 0),
			interventions: (.intervention // 0), prunings: ((."memory checkpoint" // 0) - (.cuts // 0)), summaries: (."usage summary" // 0), compactions: (.cuts // 0),
			wasted_answers: (."usage wasted" // 0), processes: $processes, rss_kib: { early: $early, late: $late, peak: $peak } }'
}

for wire in ${AVO_LLAMA_WIRES:-chat messages}; do
	run=$tmp/$wire
	most=0
	: >"$tmp/processes"
	start_relay && make_run
	is $? 0 "$wire: a run is made"
	began=$(date +%s)
	start_engine
	ok $? "$wire: the engine runs"
	first=$((turns / 10 > 0 ? turns / 10 : 1))
	wait_turns $first
	ok $? "$wire: $first turns" || fatal
	# best while one of the agent's tools runs: its call is then without an answer
	wait_for 60 in_a_call
	kill -9 "$(engine)"
	wait $watcher
	start_engine
	ok $? "$wire: killed, it starts again"
	wait_turns $((turns / 5))
	early=$(memory VmRSS)
	wait_turns $((turns * 9 / 10))
	ok $? "$wire: $((turns * 9 / 10)) turns, no crash, never stuck" || fatal
	late=$(memory VmRSS)
	peak=$(memory VmHWM)
	ok $((${late:-$growth} - ${early:-0} > growth)) "$wire: the engine holds ${late:-?} KiB, ${early:-?} after $((turns / 5)) turns"
	stop_engine
	start_engine
	ok $? "$wire: stopped, it starts again"
	wait_turns "$turns"
	ok $? "$wire: $turns turns" || fatal
	ok $((most > 40)) "$wire: at most $most processes at a time"
	stop_engine
	ok $? "$wire: it stops"
	seconds=$(($(date +%s) - began))
	sleep 1
	is "$(still_there; strays)" "" "$wire: none of $(sort -u "$tmp/processes" | wc -l) processes is left"
	is "$(events | grep -c 'the model cannot be asked')" 0 "$wire: no request was refused" ||
		events | grep 'the model cannot be asked' | head -2 | cut -c1-400 | sed 's/^/# /'
	unlike "$(cat "$run/.avo/engine.log")" 'ERROR: |runtime error|Sanitizer|assert' "$wire: nothing broke"
	is "$(events | jq -s 'map(.seq) == [range(1; length + 1)]')" true "$wire: the journal is whole"
	is "$("$avo" replay "$run" --speed 0 </dev/null 2>/dev/null | wc -l)" "$("$avo" events "$run" | wc -l)" "$wire: it replays"
	git -C "$run" fsck --strict >"$tmp/fsck" 2>&1
	ok $? "$wire: so is the repository" || sed 's/^/# /' "$tmp/fsck"
	is "$(jq -r 'select(.fault) | .fault' "$tmp/$wire.asked" | sort | uniq -c)" "" \
		"$wire: every one of $(wc -l <"$tmp/$wire.asked") questions holds a well-formed conversation"
	is "$(jq -r 'select(.status != 200 and .status != 0 and .status != 400) | .status' "$tmp/$wire.asked")" "" "$wire: and the server answered it"
	is "$(jq -s 'map(.max_tokens) | max <= 512' "$tmp/$wire.asked")" true "$wire: answers grew to the limit and no further"
	cat "$run"/.avo/journal/*.jsonl | jq -n -c -f "$AVO_TOP_SRCDIR/tests/e2e/agent/talk.jq" >"$tmp/talk"
	is "$(jq -r '.faults[]' "$tmp/talk" | head -5)" "" "$wire: the record answers every call"
	is "$(jq -s --slurpfile talk "$tmp/talk" '[.[].interrupted[]] | unique - $talk[0].left' "$tmp/$wire.asked")" "[]" \
		"$wire: only what an end left open was answered as interrupted"
	summary | jq -c --slurpfile talk "$tmp/talk" '. + { calls_left_open: ($talk[0].left | length) }' >"$tmp/$wire.summary"
	jq -r 'to_entries | map("\(.key) \(.value | tostring)") | "# " + join(", ")' "$tmp/$wire.summary"
	is "$(jq '.calls * 2 >= .turns' "$tmp/$wire.summary")" true "$wire: the model called tools"
	if [ "$turns" -ge 200 ]; then
		ok $(($(jq '.summaries' "$tmp/$wire.summary") == 0)) "$wire: the window filled up, and the conversation went on"
		[ $wire != chat ] || ok $(($(jq '.refused_as_too_long' "$tmp/$wire.summary") == 0)) "$wire: it was the server that said so"
	else
		skip "$wire: the window filled up, and the conversation went on" "$turns turns do not fill it"
	fi
	kill $relay_pid
	wait $relay_pid 2>/dev/null
	relay_pid=
done
kill -0 $server_pid
ok $? "the server is alive"
if [ -n "$AVO_LLAMA_RESULT" ]; then
	cat "$tmp"/*.summary | jq -s --arg date "$(date -u +%FT%TZ)" --arg version "$("$server" --version 2>&1 | sed -n 's/^version: //p')" \
		--arg machine "$(uname -m), $(nproc) processors" --argjson window $context \
		'{ date: $date, what: "tests/e2e/llama.sh: the agent against llama-server with a generated random model", server: $version,
			machine: $machine, window: $window, wires: . }' >"$AVO_LLAMA_RESULT"
fi
done_testing
