#!/bin/sh
# What README and avo(1) tell a reader to type works, word for word: every block is marked with what it takes to run it, and those
# for any machine or for a stand-in are run here, in the order in which they are read. Blocks for a GPU are run by
# tests/gpu/run, README's first two commands by tests/newcomer/run.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
PATH=$AVO_TOP_BUILDDIR:$PATH
# the doctor and others open libraries with which the leak sanitizer's tracer crashes now and then
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
AVO_CC=cc
export PATH ASAN_OPTIONS AVO_CC
trap 'for run in */*/avo.conf; do avo stop "${run%/avo.conf}"; done >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT
readme=$AVO_TOP_SRCDIR/README.md page=$AVO_TOP_BUILDDIR/man/avo.1
blocks() { # blocks FILE KIND [ARGUMENT]
	awk -v kind="$2" ${3:+-v "$3"} -f "$AVO_TOP_SRCDIR/tests/lib/doc_blocks.awk" "$1"
}

# every block has a mark: as many fences as marks, and no kind that nobody runs
marked=0
for kind in any stand-in gpu bootstrap; do
	marked=$((marked + $(blocks "$readme" $kind count=1)))
done
is "$(grep -c '^```' "$readme")" $((2 * (marked + $(grep -c '^<!-- avo.conf -->$' "$readme")))) "README: every block says what it takes to run it"
is "$(grep -c '^\.nf' "$page")" "$(blocks "$page" any count=1)" "avo(1): so does every example"
ok $(($(blocks "$readme" gpu count=1) == 0)) "there are blocks for a GPU"

# typed NAME FILE KIND: the blocks are typed into one shell, a line after the other as a reader would; a line that fails is named
typed() {
	mkdir -p "$1"
	blocks "$2" "$3" >"$1/typed"
	ln -sfn "$AVO_TOP_BUILDDIR" "$1/build"
	(cd "$1" && timeout 900 bash -e -x ./typed </dev/null >out 2>err)
	is "$?" 0 "$1: $(grep -c '^# block' "$1/typed") blocks, $(grep -cv '^#' "$1/typed") lines" || { grep '^+' "$1/err" | tail -n 3; tail -n 8 "$1/err" "$1/out"; } | sed 's/^/# /'
}
typed readme "$readme" any
like "$(cat readme/out)" '^a[0-9]+ is v1 now, commit [0-9a-f]{7}$' "README's attempt was approved"
like "$(cat readme/out)" 'two rows at once' "and the edit by hand became an attempt"
typed manual "$page" any
like "$(cat manual/out)" '^a[0-9]+ is v1 now' "the page's attempt was approved, too"

# a model's stand-in: nothing leaves this machine, whatever the block names
unset ANTHROPIC_BASE_URL
https_proxy=http://127.0.0.1:9 http_proxy=http://127.0.0.1:9
export https_proxy http_proxy
typed model "$readme" stand-in
is "$(avo events model/a --type hint --json | jq -r .text)" "look at the score loop first" "the agent's message is in the record"
is "$(git config -f model/a/avo.conf budget.cost)" 20 "and its budget is set"
done_testing
