#!/bin/sh
# Random keys and sizes, the same ones each time: nothing may crash, leak or hang.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
bin=$AVO_TOP_BUILDDIR/tests/lib
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
"$bin/mkrun" "$tmp/run" >/dev/null || skip_all "the fixture run cannot be built"

for seed in 1 2; do
	awk -v seed="$seed" 'BEGIN {
		srand(seed)
		n = split("j k g G h l H L o d D t T p P z F Z n N & / ? A X m [ ] { } 0 1 2 3 4 5 6 7 8 9 y x % a b <Tab> <S-Tab> <Enter> <Esc> <Space> <C-d> <C-u> <PageDown> <End> <Home> <Up> <BS> <C-l> <C-w> é 漢", keys, " ")
		for (i = 0; i < 120; i++) {
			if (rand() < 0.1) {
				printf ":resize %d %d\n", 1 + int(rand() * 200), 1 + int(rand() * 60)
				continue
			}
			printf "j"
			for (k = int(rand() * 12); k >= 0; k--)
				printf "%s", keys[1 + int(rand() * n)]
			printf "\n"
		}
	}' >"$tmp/script"
	echo ":save-display $tmp/screen" >>"$tmp/script"
	(cd "$tmp" && env -u NO_COLOR TERM=xterm-256color LINES=40 COLUMNS=120 TZ=UTC LC_ALL=C.UTF-8 AVO_RC= HOME="$tmp" EDITOR=true \
		AVO_TEST_NOW=2026-03-01T10:00:00Z AVO_SCRIPT="$tmp/script" timeout 300 "$bin/wb" run </dev/null 2>"$tmp/err")
	is "$?" 0 "seed $seed: ends well"
	is "$(head -5 "$tmp/err")" "" "seed $seed: without a complaint"
done
done_testing
