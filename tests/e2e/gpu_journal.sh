#!/bin/sh
# The journal of a real run on a GPU (24 attempts of mutate on the sm90a seed, one
# H200, 2026-11-21): it loads, it is told again, it is reported, without that GPU.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
avo() { "$AVO_TOP_BUILDDIR/avo" "$@"; }
AVO_TEST_NOW=2026-11-21T16:00:00.000Z
export AVO_TEST_NOW

mkdir -p run/.avo/journal
cp "$AVO_TOP_SRCDIR/tests/fixtures/h200-sm90a/journal.jsonl" run/.avo/journal/000001.jsonl
printf '[run]\n\tname = h200-sm90a\n\tbackend = cuda\n\tsuite = mha\n' >run/avo.conf

status=$(avo status run)
like "$status" '^run +h200-sm90a \(cuda, suite mha, operator mutate, gate auto\)' "the run is named"
like "$status" '^progress +2 versions, 24 attempts, 24 directions' "all of it is counted"
like "$status" '^best +v1 745.21 TFLOPS' "the best version is the one that was better in pairs"
like "$status" '^peer +cuDNN 9.19.0 674.84 TFLOPS, best is x1.10' "the peer's score stands beside it"

is "$(avo attempts run | wc -l)" 24 "every attempt is listed"
is "$(avo attempts run | grep -c ' crashed ')" 2 "so are the two whose plan refused"
like "$(avo attempts run)" '^a21 +v0 +improved +745.2 +\+0.40%' "the one that became v1 says by how much"
is "$(avo log run | wc -l)" 2 "the lineage has the seed and v1"

avo replay --speed 0 run >replay
is "$(wc -l <replay)" "$(wc -l <run/.avo/journal/000001.jsonl)" "a replay tells every event"
like "$(tail -n 1 replay)" 'engine-stopped +finished$' "up to the end"

report=$(avo report run)
like "$report" '\| causal-32k \| 765.68 \| 0.63 \| 752.51 \| 681.61 \| 399.66 \|' "the report has the paper's table with both peers"
like "$report" '\| passed, regressed \| 19 \|' "and what became of the attempts"
done_testing
