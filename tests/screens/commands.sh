#!/bin/sh
# What the keys tell an engine: every command, and nothing without a yes.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
bin=$AVO_TOP_BUILDDIR/tests/lib
tmp=$(mktemp -d) || exit 1
engine=
trap '[ -z "$engine" ] || kill "$engine" 2>/dev/null; rm -rf "$tmp"' EXIT
"$bin/mkrun" "$tmp/run" >/dev/null || skip_all "the fixture run cannot be built"
"$bin/fakengine" "$tmp/run" >"$tmp/commands" &
engine=$!
wait_for 10 test -S "$tmp/run/.avo/ctl.sock" || skip_all "no control socket"

# told NAME WANTED [OPTION...]: what is typed (standard input) makes the engine hear WANTED
told() {
	name=$1 wanted=$2
	shift 2
	{ cat; echo ":save-display $tmp/screen"; } >"$tmp/script"
	: >"$tmp/commands"
	(cd "$tmp" && env -u NO_COLOR TERM=xterm-256color LINES=30 COLUMNS=120 TZ=UTC LC_ALL=C.UTF-8 AVO_RC= HOME="$tmp" AVO_TEST_NOW=2026-03-01T10:00:00Z \
		AVO_SCRIPT="$tmp/script" EDITOR="$tmp/editor" timeout 60 "$bin/wb" "$@" run </dev/null 2>"$tmp/err")
	is "$?" 0 "$name: the workbench ends well"
	is "$(cat "$tmp/commands")" "$wanted" "$name: the engine hears this and no more"
}

told "steering" '{"cmd":"step","count":1,"unit":"step"}
{"cmd":"step","count":1,"unit":"action"}
{"cmd":"resume"}
{"cmd":"pause"}
{"cmd":"step","count":3,"unit":"step"}' <<'END'
sScC
:step 3
END
like "$(cat "$tmp/screen")" "engine|NEEDS YOU" "steering: the screen is drawn"

told "approving" '{"cmd":"approve","attempt":"a25"}' <<'END'
Ay
END
like "$(tail -1 "$tmp/screen")" "v6 is committed as 0123456" "approving: the answer is shown"

told "not approving" "" <<'END'
A<Enter>
A<Space>
An
A<Esc>
AA
END

told "rejecting" '{"cmd":"reject","attempt":"a25","reason":"too small a gain"}' <<'END'
Xtoo small a gain<Enter>
END

told "not rejecting" "" <<'END'
Xtoo small<Esc>
END

told "a message" '{"cmd":"hint","text":"try fewer registers, \"please\""}' <<'END'
mtry fewer registers, "please"<Enter>
m<Enter>
END

told "a refusal" '{"cmd":"gate","gate":"auto"}' <<'END'
:gate auto
END
like "$(tail -1 "$tmp/screen")" "the gate of this run is fixed" "a refusal: its words are shown"

told "read-only" "" --read-only <<'END'
sScC
Ay
Xno<Enter>
mhello<Enter>
:stop
END
like "$(tail -1 "$tmp/screen")" "read-only: it cannot stop" "read-only: says so"

printf '#!/bin/sh\necho "/* edited */" >>"$1"\n' >"$tmp/editor"
chmod +x "$tmp/editor"
told "an edit, submitted" '{"cmd":"submit"}' <<'END'
ey
END
told "an edit, only kept" "" <<'END'
e<Enter>
END
like "$(grep -c 'edited' "$tmp/run/kernel.c")" "2" "an edit, only kept: it is in the working tree"

kill "$engine"
wait "$engine"
engine=
told "no engine" "" <<'END'
s
END
like "$(tail -1 "$tmp/screen")" "no engine runs here" "no engine: says so, and what to do"
done_testing
