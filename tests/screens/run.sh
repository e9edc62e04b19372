#!/bin/sh
# The workbench, driven by scripts: every case of `cases` is typed into the real
# program on a fixture run, and the screen that results is compared with its
# golden file. AVO_REGEN=1 writes the golden files anew; AVO_CASE=NAME runs one.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
here=$AVO_TOP_SRCDIR/tests/screens
wb=$AVO_TOP_BUILDDIR/tests/lib/wb
mkrun=$AVO_TOP_BUILDDIR/tests/lib/mkrun
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# The next seq of a journal, for events that a fixture adds.
append() { # append RUN TIME JSON-MEMBERS
	file=$(ls "$tmp/$1"/.avo/journal/*.jsonl | tail -1)
	seq=$(($(tail -1 "$file" | sed 's/^{"seq":\([0-9]*\),.*/\1/') + 1))
	printf '{"seq":%d,"t":"2026-03-01T%s.000Z",%s}\n' "$seq" "$2" "$3" >>"$file"
}

"$mkrun" "$tmp/full" >/dev/null && "$mkrun" "$tmp/small" --small >/dev/null &&
	"$mkrun" "$tmp/profiled" --profiles >/dev/null && "$mkrun" "$tmp/denied" --no-permission >/dev/null || skip_all "the fixture run cannot be built"
mkdir -p "$tmp/empty/.avo/journal"
cp -R "$tmp/small" "$tmp/failed"
append failed 09:31:00 '"type":"state","state":"failed","reason":"the worker ended three times in a row; see .avo/engine.log"'
cp -R "$tmp/small" "$tmp/foreign"
append foreign 09:31:00 '"type":"state","state":"running"'
append foreign 09:31:01 '"type":"step-started","step":"s2","parent":"v1","operator":"agent"'
append foreign 09:31:02 '"type":"direction-opened","direction":"d2","step":"s2","parent":"v1","title":"\u001b[2J\u001b]0;owned\u0007漢字の方向 \u202eevil","hypothesis":"tabs\there and \u001b[31mred\u001b[0m"'
append foreign 09:31:03 '"type":"action-started","action":900,"step":"s2","kind":"shell","text":"printf \u001b[31m漢字漢字漢字漢字漢字漢字漢字漢字\u0007"'
append foreign 09:31:04 '"type":"action-ended","action":900,"ok":false,"result":"\u001bPq#0\u001b\\\\ exit status 3: 文字化け \u009b31m done"'
append foreign 09:31:05 '"type":"message","role":"assistant","text":"A first line.\r\n\u001b[10;10HA second line that is long enough to be wrapped at the width of the pane, with 漢字 in it, and a word that cannot be broken: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."'
append foreign 09:31:06 '"type":"warning","text":"the branch \u001b[5mmoved"'
append foreign 09:31:07 '"type":"from-a-newer-avo","what":"shown as it is"'
# the seed alone, before the first step
mkdir -p "$tmp/seed"; cp -R "$tmp/small/." "$tmp/seed/"
first_step=$(grep -n '"type":"step-started"' "$tmp/seed/.avo/journal/000001.jsonl" | head -1 | cut -d: -f1)
head -$((first_step - 1)) "$tmp/small/.avo/journal/000001.jsonl" >"$tmp/seed/.avo/journal/000001.jsonl"

awk -v dir="$tmp" '
	/^#/ { next }
	/^== / { name = $2; sub(/^== /, ""); print > (dir "/list"); file = dir "/" name ".script"; printf "" > file; next }
	name { print > file }' "$here/cases"

while read -r name run size more; do
	[ -z "$AVO_CASE" ] || [ "$AVO_CASE" = "$name" ] || continue
	args= save=display
	set -- LC_ALL=C.UTF-8 TERM=xterm-256color
	for word in $more; do
		case $word in
		-*) args="$args $word" ;;
		save=*) save=${word#save=} ;;
		*) set -- "$@" "$word" ;;
		esac
	done
	printf ':save-%s %s\n' "$save" "$tmp/$name.got" >>"$tmp/$name.script"
	(cd "$tmp" && env -u NO_COLOR TZ=UTC AVO_RC= HOME="$tmp" EDITOR=true AVO_TEST_NOW=2026-03-01T10:00:00Z LINES="${size#*x}" COLUMNS="${size%x*}" \
		AVO_SCRIPT="$tmp/$name.script" "$@" timeout 60 "$wb" $args "$run" </dev/null >"$tmp/$name.out" 2>"$tmp/$name.err")
	status=$?
	if [ "$status" -ne 0 ] || [ -s "$tmp/$name.err" ]; then
		fail "$name"
		echo "# exit status $status"
		sed 's/^/# /' "$tmp/$name.err" | head -40
	elif [ -n "$AVO_REGEN" ]; then
		cp "$tmp/$name.got" "$here/golden/$name.screen" && pass "$name (written)"
	elif cmp -s "$tmp/$name.got" "$here/golden/$name.screen"; then
		pass "$name"
	else
		fail "$name"
		diff "$here/golden/$name.screen" "$tmp/$name.got" | sed 's/^/# /' | head -60
	fi
done <"$tmp/list"
done_testing
