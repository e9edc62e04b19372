#!/bin/sh
# The agent against a real llama-server: real sockets, real streams, calls that fit the schemas and mean nothing.
#
#     AVO_LLAMA_TESTS=1        ask for it: the first time, the server is built (some ten minutes) and kept in the user's cache
#     AVO_LLAMA_SERVER=FILE    a llama-server that is there already; AVO_LLAMA_TEMPLATE=FILE: Qwen2.5's chat template for it
#     AVO_LLAMA_TURNS=500      turns of the model, over both wires together
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
[ -n "$AVO_LLAMA_TESTS" ] || skip_all "set AVO_LLAMA_TESTS=1 to run the agent against a llama-server that is built for it"

package=node-llama-cpp@3.22.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/avo-tests
turns=${AVO_LLAMA_TURNS:-500}
context=49152
silence=240	# seconds without an event that count as stuck
avo=$AVO_TOP_BUILDDIR/avo
server=${AVO_LLAMA_SERVER:-$cache/llama-server}
template=${AVO_LLAMA_TEMPLATE:-$cache/qwen2.5.jinja}
server_pid=
watcher=

need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip_all "$tool is missing"
	done
}

# The package carries the whole source as a git bundle; nothing else is downloaded.
build_server() {
	need npm git cmake ninja c++
	build=$(mktemp -d "$cache/build-XXXXXX") || exit 1
	(
		cd "$build" || exit 1
		npm pack --silent $package >pack.log 2>&1 || exit 2
		tar xzf node-llama-cpp-*.tgz package/llama/gitRelease.bundle && git clone -q package/llama/gitRelease.bundle source &&
			cmake -S source -B out -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
				-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DBUILD_SHARED_LIBS=OFF &&
			nice -n 19 ninja -C out llama-server
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
trap '"$avo" stop "$tmp/chat" >/dev/null 2>&1; "$avo" stop "$tmp/messages" >/dev/null 2>&1; kill $server_pid 2>/dev/null; rm -rf "$tmp"' EXIT
python3 "$AVO_TOP_SRCDIR/tests/lib/monkey_gguf.py" "$tmp/monkey.gguf" $context "$template" || exit 1

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$server" -m "$tmp/monkey.gguf" --host 127.0.0.1 --port "$port" -c $context --parallel 1 --jinja --no-warmup -t 2 >"$tmp/server.log" 2>&1 &
server_pid=$!
wait_for 60 curl -fs "http://127.0.0.1:$port/health"
ok $? "the server is up with a model made for this test" || { tail -20 "$tmp/server.log" | sed 's/^/# /'; done_testing; exit 1; }

events() { "$avo" events --json "$run"; }
count() { cat "$run"/.avo/journal/*.jsonl 2>/dev/null | grep -c -- "$1"; }
engine() { sed -n '1s/ .*//p' "$run/.avo/engine.lock"; }
lives() { "$avo" status --json "$run" | jq -e '.pid > 0'; }

# "pid start-time" of everything below a process: a pid alone may be somebody else's by the time it is looked at again
below() {
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		sed "s/^\([0-9]*\) (.*) /\1 /" /proc/"$child"/stat 2>/dev/null | awk '{ print $1, $21 }'
		below "$child"
	done
}

# Waits until the model took so many turns; fails when nothing happens for too long, or the engine is gone.
wait_turns() { # TURNS
	seen=0
	since=$(date +%s)
	most=0
	while [ "$(count '"purpose":"turn"')" -lt "$1" ]; do
		lives >/dev/null || return 1
		now=$(cat "$run"/.avo/journal/*.jsonl | wc -l)
		[ "$now" -eq "$seen" ] || since=$(date +%s)
		seen=$now
		[ $(($(date +%s) - since)) -lt $silence ] || return 1
		below "$(engine)" >"$tmp/now"
		cat "$tmp/now" >>"$tmp/processes"
		n=$(wc -l <"$tmp/now")
		[ "$n" -le $most ] || most=$n
		sleep 0.5
	done
}

still_there() {
	sort -u "$tmp/processes" | while read -r pid start; do
		[ "$(sed "s/^\([0-9]*\) (.*) /\1 /" /proc/"$pid"/stat 2>/dev/null | awk '{ print $21 }')" != "$start" ] || ps -o pid=,args= "$pid"
	done
}

start_engine() {
	"$avo" run --headless "$run" >>"$tmp/out" 2>&1 &
	watcher=$!
	wait_for 60 lives
}

for wire in chat messages; do
	run=$tmp/$wire
	: >"$tmp/processes"
	"$avo" init "$run" --operator agent --model monkey --base-url "http://127.0.0.1:$port" --suite cpu-quick --seed reference >/dev/null
	is $? 0 "$wire: a run is made"
	for setting in "agent.api $wire" "agent.max-output 300" "agent.step-turns 20" "agent.step-attempts 30" "agent.backoff 1" \
		"supervisor.cooldown 4" "score.peers false" "score.worker $AVO_TOP_BUILDDIR/tests/lib/fake_worker"; do
		git config -f "$run/avo.conf" "${setting%% *}" "${setting#* }"
	done
	# on one wire avo knows the window and cuts in time; on the other the server has to say that it is too much
	[ $wire = chat ] || git config -f "$run/avo.conf" agent.context-window $context
	start_engine
	ok $? "$wire: the engine runs"
	half=$((turns / 4))
	[ $half -gt 0 ] || half=1
	wait_turns $half
	ok $? "$wire: $half turns" || { tail -5 "$run/.avo/engine.log" | sed 's/^/# /'; }
	kill -9 "$(engine)"
	wait $watcher
	start_engine
	ok $? "$wire: killed, it starts again"
	wait_turns $((turns / 2))
	ok $? "$wire: $((turns / 2)) turns, no crash, never stuck" || { events | tail -3 | cut -c1-300 | sed 's/^/# /'; tail -5 "$run/.avo/engine.log" | sed 's/^/# /'; }
	ok $((most > 40)) "$wire: at most $most processes at a time"
	"$avo" stop "$run" >/dev/null 2>&1
	wait $watcher
	wait_for 20 sh -c "! '$avo' status --json '$run' | jq -e '.pid > 0'"
	sleep 1
	is "$(still_there)" "" "$wire: none of $(sort -u "$tmp/processes" | wc -l) processes is left"
	is "$(events | grep -c 'the model cannot be asked')" 0 "$wire: no request was refused" ||
		events | grep 'the model cannot be asked' | head -2 | cut -c1-400 | sed 's/^/# /'
	unlike "$(cat "$run/.avo/engine.log")" 'ERROR: |runtime error|Sanitizer|assert' "$wire: nothing broke"
	is "$(events | jq -s 'map(.seq) == [range(1; length + 1)]')" true "$wire: the journal is whole"
	is "$("$avo" replay "$run" --speed 0 </dev/null 2>/dev/null | wc -l)" "$("$avo" events "$run" | wc -l)" "$wire: it replays"
	echo "# $wire: $(count '"purpose":"turn"') turns, $(count '"type":"action-started"') calls, $(count '"type":"attempt-scored"') evaluations," \
		"$(count '"type":"step-ended"') steps, $(count '"type":"intervention"') interventions, $(count '"what":"checkpoint"') compactions," \
		"$(count '"purpose":"wasted"') answers wasted"
done
if [ "$turns" -ge 200 ]; then
	like "$(cat "$tmp"/*/.avo/journal/*.jsonl | grep -c '"what":"checkpoint"')" '^[1-9]' "the window filled up, and the conversation went on"
else
	skip "the window filled up, and the conversation went on" "$turns turns do not fill it"
fi
kill -0 $server_pid
ok $? "the server is alive"
done_testing
