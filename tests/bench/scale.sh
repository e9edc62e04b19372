#!/bin/sh
# What an attempt costs as a run grows: AVO_ATTEMPTS of them (10000), scored by a worker that takes no time. Prints
# JSON: for each window the engine's CPU time per attempt (its packing included) and what lies loose in git.
set -eu
attempts=${AVO_ATTEMPTS:-10000}
avo=$AVO_TOP_BUILDDIR/avo
work=$(mktemp -d)
trap '"$avo" stop "$work/r" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
export HOME="$work" GIT_CONFIG_NOSYSTEM=1
cd "$work"

"$avo" init r --suite cpu-quick >/dev/null
git config -f r/avo.conf score.worker "$AVO_TOP_BUILDDIR/tests/lib/fake_worker --versions 0.05"
git config -f r/avo.conf score.peers false
git config -f r/avo.conf supervisor.enabled false

# newest_attempt: the number of the last one in the journal
newest_attempt() {
	tail -c 16384 "$(ls r/.avo/journal/*.jsonl | tail -1)" | grep -o '"attempt":"a[0-9]*"' | tail -1 | tr -dc 0-9
}

# cpu_ms PID: of the engine and of the children that it has waited for
cpu_ms() {
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk -v hz="$(getconf CLK_TCK)" '{ print int(($12 + $13 + $14 + $15) * 1000 / hz) }'
}

"$avo" run r --headless --attempts "$attempts" >out 2>&1 &
viewer=$!
until [ -s r/.avo/engine.lock ]; do sleep 0.1; done
engine=$(cut -d' ' -f1 r/.avo/engine.lock)
cpu=0
last=0
next=100
rows=
while kill -0 "$viewer" 2>/dev/null; do
	n=$(newest_attempt)
	now=$(cpu_ms "$engine") || true
	if [ "${n:-0}" -ge "$next" ] && [ -n "$now" ]; then
		rows="$rows$(jq -nc --argjson to "$n" --argjson n $((n - last)) --argjson ms $((now - cpu)) \
			--argjson objects "$(find r/.git/objects/?? -type f | wc -l)" --argjson refs "$(find r/.git/refs -type f | wc -l)" \
			--argjson packs "$(find r/.git/objects/pack -name '*.pack' | wc -l)" \
			'{to: $to, cpu_ms: ($ms / $n * 100 | round / 100), loose_objects: $objects, loose_refs: $refs, packs: $packs}')
"
		cpu=$now
		last=$n
		next=$((n < 500 ? 500 : n + 500))
	fi
	sleep 0.05
done
wait "$viewer" || true
jq -n --argjson attempts "$("$avo" status r --json | jq .attempts)" --argjson versions "$("$avo" status r --json | jq .versions)" \
	--arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" --argjson rows "$(printf %s "$rows" | jq -s .)" \
	'{what: "engine CPU per attempt, worker without work", cpu: $cpu, attempts: $attempts, versions: $versions, windows: $rows,
	  last_over_first: ($rows[-1].cpu_ms / $rows[0].cpu_ms * 1000 | round / 1000)}'
