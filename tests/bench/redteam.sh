#!/bin/sh
# bench-redteam: every bad candidate in rounds, on a quiet machine and beside load; counts as JSON lines.
#   ROUNDS (20), NAMES (all of them), RESULT (tests/bench/results/redteam-DATE.json in the source tree)
set -u
avo=$AVO_TOP_BUILDDIR/avo
rounds=${ROUNDS:-20}
result=${RESULT:-$AVO_TOP_SRCDIR/tests/bench/results/redteam-$(date +%Y-%m-%d).json}
status=0
load=

trap 'kill $load 2>/dev/null' EXIT

# One line a candidate: what it must be, and how often it was.
count() { # quiet|busy
	# shellcheck disable=SC2086 # NAMES is a list
	"$avo" redteam --json --rounds "$rounds" ${NAMES:-} >"$result.tmp" || status=1
	jq -c --arg machine "$1" --argjson rounds "$rounds" \
		'{machine: $machine, candidate, expected, check: .expected_check, power, rounds: $rounds, right, unlucky, wrong, ok}' \
		"$result.tmp" >>"$result" || status=1
	rm -f "$result.tmp"
}

: >"$result"
count quiet
# twice as many busy processes as there are cores
i=0
while [ $i -lt $((2 * $(nproc))) ]; do
	while :; do :; done &
	load="$load $!"
	i=$((i + 1))
done
count busy
jq -rs 'group_by(.machine)[] | "\(.[0].machine): \(map(select(.ok)) | length) of \(length) candidates hold, \(map(.right) | add) of \(map(.rounds) | add) evaluations right, \(map(.unlucky) | add) missed by a sample, \(map(.wrong) | add) wrong"' "$result"
jq -r 'select(.ok | not) | "\(.machine): \(.candidate) \(.right) of \(.rounds)"' "$result"
echo "counts: $result"
exit $status
