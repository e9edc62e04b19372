#!/bin/sh
# The manual: pages are well formed and name every command and option.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
avo=$AVO_TOP_BUILDDIR/avo

command -v mandoc >/dev/null || skip_all "mandoc is not installed"
for page in "$AVO_TOP_BUILDDIR"/man/*.[1-9] "$AVO_TOP_SRCDIR"/man/*.[1-9]; do
	[ -f "$page" ] || continue
	is "$(mandoc -T lint -W warning "$page" 2>&1)" "" "$(basename "$page") is clean for mandoc"
	unlike "$(cat "$page")" '@[A-Z]+@' "$(basename "$page") has everything filled in"
done
page=$(mandoc -T ascii "$AVO_TOP_BUILDDIR/man/avo.1" | sed 's/.\x08//g')
for command in $("$avo" help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	like "$page" "avo $command" "avo(1) names the command $command"
	like "$("$avo" "$command" --help)" "^usage: avo $command" "$command has a help text"
	for option in $("$avo" "$command" --help | sed -n 's/^  .*\(--[a-z-]*\).*/\1/p'); do
		printf '%s' "$page" | tr -d '\n' | grep -q -- "$option" || [ "$option" = --json ] || [ "$option" = --no-color ] ||
			[ "$option" = --ascii ] || [ "$option" = --help ] || fail "avo(1) names $command's $option"
	done
done
bash -n "$AVO_TOP_BUILDDIR/completion/avo"
is $? 0 "the bash completion parses"
if command -v zsh >/dev/null; then
	zsh -n "$AVO_TOP_BUILDDIR/completion/_avo"
	is $? 0 "the zsh completion parses"
else
	skip "the zsh completion parses" "zsh is not installed"
fi
got=$(bash -c '. "$1"; COMP_WORDS=(avo lo); COMP_CWORD=1; _avo; echo "${COMPREPLY[*]}"' - "$AVO_TOP_BUILDDIR/completion/avo")
is "$got" "log" "bash completes 'lo' to log"
got=$(bash -c '. "$1"; COMP_WORDS=(avo diff --uni); COMP_CWORD=2; _avo; echo "${COMPREPLY[*]}"' - "$AVO_TOP_BUILDDIR/completion/avo")
like "$got" "unified|^$" "bash completes options"

# completes WORDS WANTED: what bash offers for the last of the words, in a directory with one run
completes() {
	got=$(cd "$tmp" && PATH=$AVO_TOP_BUILDDIR:$PATH bash -c '. "$1"; shift; COMP_WORDS=(avo "$@"); COMP_CWORD=$#; _avo
		printf "%s\n" "${COMPREPLY[@]}" | sort -u | tr "\n" " "' - "$AVO_TOP_BUILDDIR/completion/avo" $1 "${3-}")
	is "${got% }" "$2" "bash completes 'avo $1 ${3-}'"
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(cd "$tmp" && "$avo" init run --suite cpu-quick >/dev/null)
completes "init new --backend" "cpu cuda"
completes "init new --suite" "cpu cpu-quick" c
completes "init new --seed" "sm100a sm80 sm90a" s
completes "init new --operator" "agent manual mutate"
completes "attempts --verdict" "improved inconclusive incorrect" i
completes "gate" "auto manual"
completes "completion" "bash zsh"
completes "list" "operators seeds suites"
completes "help" "init" in
completes "show" "v0" v
completes "status" "run" r
done_testing
