#!/bin/sh
# What the program says about names that mean something to a shell or a terminal: a hint can be
# pasted, and no byte that was typed or found in a file reaches the terminal as a command to it.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
work=$(mktemp -d)
cd "$work" || exit 1
avo=$AVO_TOP_BUILDDIR/avo
PATH=$AVO_TOP_BUILDDIR:$PATH
trap 'cd /; rm -rf "$work"' EXIT

# pasted NAME: the command behind "with: " in $text, run by a shell
pasted() {
	bash -c "$(printf '%s\n' "$text" | sed -n 's/.*with: //p' | head -1)" </dev/null >pasted.out 2>&1
}

run="it's \$HOME; a \"run\" \\ & *"
text=$("$avo" init "$run")
like "$text" '^created .*; start it with: avo run ' "init says how to start it"
text=$(printf '%s' "$text" | sed 's/avo run/avo status/')
pasted
is "$?" 0 "the name in the hint is one word for a shell, and the right one" || cat pasted.out
like "$(cat pasted.out)" 'never started' "it leads to the run"
is "$("$avo" status "$run" --json | jq -r .run)" "$run" "which is called so too"
for command in pause resume stop "hint faster" attach; do
	text=$("$avo" $command "$run" 2>&1 </dev/null)
	text=$(printf '%s' "$text" | sed 's/avo run/avo status/')
	pasted
	is "$?" 0 "avo $command: the hint can be pasted" || printf '# %s\n' "$text"
done
text=$("$avo" run "no such run" 2>&1)
pasted
is "$?" 0 "the hint to make a run that is not there makes it" || cat pasted.out
ok "$([ -d "no such run/.avo" ]; echo $?)" "under that name"
is "$("$avo" init -- -dash)" "created ./-dash; start it with: avo run ./-dash" "a name with a dash in front is no option"
"$avo" status ./-dash >/dev/null
is "$?" 0 "and is found by the name that was shown"
"$avo" fork v0 "a fork" "$run" >out
is "$(sed 's/.*with: //' out)" "avo run 'a fork'" "fork quotes as well"

evil=$(printf 'x\033[31m\033]0;title\007\302\233q\r\nb\342\200\256')
controls() { # the bytes of a file that a terminal would obey
	LC_ALL=C tr -d '\n -~\200-\377' <"$1" | wc -c | tr -d ' '
}
while IFS= read -r arguments; do
	# the word EVIL stands for the name
	eval "set -- $(printf '%s' "$arguments" | sed 's/EVIL/"$evil"/g')"
	"$avo" "$@" >out 2>err </dev/null
	status=$?
	ok $((status == 0)) "avo $arguments fails"
	is "$(controls err)" 0 "avo $arguments: nothing on stderr commands the terminal" || od -c err | sed 's/^/# /'
	like "$(cat err)" '\\x1b\[31m|\\033\[31m' "avo $arguments: the bytes are shown"
	unlike "$(cat err)" "$(printf '\302\233|\342\200\256')" "avo $arguments: nor do the wide ones"
done <<'END'
EVIL
--EVIL
run EVIL
run --EVIL
run --steps EVIL
run --time=EVIL
attach EVIL
status EVIL
log -n EVIL
show EVIL "$run"
diff v0 EVIL "$run"
approve EVIL "$run"
attempts --verdict EVIL "$run"
score EVIL
score --suite EVIL v0 "$run"
replay EVIL
init --suite EVIL new
init --seed EVIL new
init --operator EVIL new
init --gate EVIL new
init new EVIL
help EVIL
completion EVIL
END

# names that came from elsewhere: a run's own settings
"$avo" init plain >/dev/null
git config -f plain/avo.conf run.operator "$(printf 'a\033[2Jb')"
"$avo" run plain --headless --accept-conf >out 2>err </dev/null
is "$?" 2 "an operator that there is not"
is "$(controls err)" 0 "its name is shown, not obeyed"
like "$(cat err)" '\\x1b\[2J' "byte for byte"
done_testing
