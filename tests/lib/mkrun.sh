#!/bin/sh
# The fixture run is the same every time, and what git, a compiler and jq take it for.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"

mkrun=$AVO_TOP_BUILDDIR/tests/lib/mkrun
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat

"$mkrun" "$work/one" >"$work/said" && HOME=/ AVO_TEST_NOW=2031-01-01T00:00:00Z "$mkrun" "$work/two" >/dev/null
ok $? "mkrun makes a run"
cmp -s "$work/one/.avo/journal/000001.jsonl" "$work/two/.avo/journal/000001.jsonl"
ok $? "twice the same journal"
is "$(git -C "$work/one" show-ref)" "$(git -C "$work/two" show-ref)" "twice the same commits"
journal_keeps "$work/one"
is "$(git -C "$work/one" fsck --strict 2>&1)" "" "git finds nothing wrong"
is "$(git -C "$work/one" status --porcelain)" "" "the working tree is clean"
is "$(git -C "$work/one" for-each-ref refs/avo refs/tags | wc -l)" 31 "25 attempts and 6 versions"

good=0
for v in v0 v1 v2 v3 v4 v5; do
	git -C "$work/one" show "$v:kernel.c" >"$work/kernel.c"
	cc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -I"$AVO_TOP_SRCDIR/kernels/include" "$work/kernel.c" && good=$((good + 1))
done
is "$good" 6 "every version compiles"

for verdict in passed incorrect build-failed crashed timed-out cheated evaluator-fault cancelled; do
	grep -q "\"verdict\":\"$verdict\"" "$work/one/.avo/journal/000001.jsonl" || echo "no $verdict"
done >"$work/missing"
for decision in improved matched regressed inconclusive; do
	grep -q "\"decision\":\"$decision\"" "$work/one/.avo/journal/000001.jsonl" || echo "no $decision"
done >>"$work/missing"
is "$(cat "$work/missing")" "" "all verdicts and decisions occur"

"$mkrun" "$work/small" --small >/dev/null && "$mkrun" "$work/large" --large 2000 >/dev/null
ok $? "small and large ones too"
is "$(git -C "$work/small" tag | tr '\n' ' ')" "v0 v1 " "the small one has v1"
[ "$(wc -l <"$work/large/.avo/journal/000001.jsonl")" -ge 2000 ]
ok $? "the large one is large"
done_testing
