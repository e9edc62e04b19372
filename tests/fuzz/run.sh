#!/bin/sh
# Runs every fuzz target for a few seconds over its corpus.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"

seconds=${AVO_FUZZ_SECONDS:-5}
dir=$AVO_TOP_SRCDIR/tests/fuzz
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
found=

for target in "$AVO_TOP_BUILDDIR"/tests/fuzz/fuzz_*; do
	case $target in *.*) continue ;; esac
	[ -x "$target" ] || continue
	found=yes
	name=${target##*/fuzz_}
	mkdir -p "$work/$name"
	set -- "$work/$name"
	[ -d "$dir/corpus/$name" ] && set -- "$@" "$dir/corpus/$name"
	[ -r "$dir/$name.dict" ] && set -- -dict="$dir/$name.dict" "$@"
	# One run over the corpus alone first: an old failure shows whatever the time allows.
	"$target" -runs=0 -artifact_prefix="$work/" "$@" >"$work/log" 2>&1 &&
		"$target" -max_total_time="$seconds" -seed="${AVO_FUZZ_SEED:-1}" -timeout=20 -rss_limit_mb=2048 -max_len=8192 \
			-print_final_stats=1 -artifact_prefix="$work/" "$@" >>"$work/log" 2>&1
	if ok $? "fuzz_$name survives $seconds s"; then
		sed -n 's/^stat::number_of_executed_units: */# inputs: /p' "$work/log" | tail -1
	else
		tail -60 "$work/log" | sed 's/^/# /'
		for artifact in "$work"/crash-* "$work"/timeout-* "$work"/oom-* "$work"/leak-*; do
			[ -f "$artifact" ] || continue
			cp "$artifact" "$AVO_TOP_BUILDDIR/tests/fuzz/" && echo "# kept tests/fuzz/${artifact##*/}"
		done
	fi
done
[ "$found" ] || skip_all "built without clang and libFuzzer"
done_testing
