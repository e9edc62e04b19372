#!/bin/sh
# What `make install` leaves is all that avo needs: with sources and build hidden, in a mount namespace of the test's own, it is
# used from where configure was told to put it, then from a tree that was moved. `make uninstall` leaves nothing.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
if [ "${1:-}" != inside ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	prefix=$(sed -n 's/^prefix = //p' "$AVO_TOP_BUILDDIR/Makefile")
	make -s -C "$AVO_TOP_BUILDDIR" install DESTDIR="$work/stage" MAKEFLAGS= >"$work/log" 2>&1
	ok $? "make install DESTDIR=..." || sed 's/^/# /' "$work/log"
	cp -a "$work/stage$prefix" "$work/moved tree"
	user=
	[ "$(id -u)" -eq 0 ] || user=--map-root-user
	if [ -d "$prefix" ] && unshare $user --mount true 2>/dev/null; then
		unshare $user --mount sh "$0" inside "$work" "$prefix" "$tap_count" 2>"$work/err" | tee "$work/tap"
		sed 's/^/# /' "$work/err"
		tap_count=$((tap_count + $(grep -cE '^(not )?ok ' "$work/tap")))
	else
		skip "the installed program" "no mount namespace can be made here, or $prefix is not there to mount on"
	fi
	make -s -C "$AVO_TOP_BUILDDIR" uninstall DESTDIR="$work/stage" MAKEFLAGS= >"$work/log" 2>&1
	ok $? "make uninstall" || sed 's/^/# /' "$work/log"
	is "$(find "$work/stage" ! -type d)" "" "leaves no file behind"
	done_testing
	exit 0
fi

work=$2 prefix=$3 tap_count=$4
mkdir "$work/empty"
mount --bind "$work/empty" "$AVO_TOP_BUILDDIR"
[ ! -d "$AVO_TOP_SRCDIR/tests" ] || mount --bind "$work/empty" "$AVO_TOP_SRCDIR"
mkdir -p "$prefix"		# where it lies below what is hidden now
mount --bind "$work/stage$prefix" "$prefix"
ok "$([ ! -e "$AVO_TOP_SRCDIR/tests" ] && [ ! -e "$AVO_TOP_BUILDDIR/avo" ]; echo $?)" "sources and build are out of reach"
unset AVO_TOP_SRCDIR AVO_TOP_BUILDDIR AVO_DATA_DIR
# the doctor opens libraries with which the leak sanitizer's tracer crashes now and then; what leaks is for other tests
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
PATH=$prefix/bin:/usr/bin:/bin HOME=$work
export PATH HOME ASAN_OPTIONS
cd "$work" || exit 1

# evolves PROGRAM RUN: a run of one attempt, with a real compiler and worker
evolves() {
	"$1" init "$2" --suite cpu-quick >out 2>&1
	is "$?" 0 "$2: init" || sed 's/^/# /' out
	"$1" run "$2" --headless --attempts 1 >out 2>&1
	is "$?" 0 "$2: run" || sed 's/^/# /' out
	is "$("$1" attempts "$2" --json | jq -r .verdict)" passed "$2: its attempt was built, checked and measured" || sed 's/^/# /' out
}

like "$(avo --version)" '^avo [0-9]' "avo is in the path"
evolves avo run
out=$(avo doctor run)
like "$out" "^ok +worker +$prefix/libexec/avo/avo-worker" "doctor: the worker is the installed one"
like "$out" "^ok +data +seeds, suites and notes in $prefix/share/avo" "doctor: so are seeds, suites and notes"
avo score "$prefix/share/avo/kernels/attention/cpu" --suite cpu-quick >out 2>&1
is "$?" 0 "score: a seed where it was installed" || sed 's/^/# /' out
(cd run && avo knowledge search online softmax) >out 2>&1
like "$(cat out)" 'softmax' "the notes are found"
for prompt in system summary review; do
	ok "$([ -s "$prefix/share/avo/prompts/$prompt.md" ]; echo $?)" "the agent's prompt $prompt.md is there"
done
for page in avo.1 avo.conf.5 avorc.5 avo-candidate.7; do
	ok "$([ -s "$prefix/share/man/man${page##*.}/$page" ]; echo $?)" "the page $page is there"
	! command -v man >/dev/null || like "$(man -M "$prefix/share/man" -w "${page##*.}" "${page%.*}" 2>&1)" "/$page" "man finds $page"
done
like "$(bash -c ". '$prefix/share/bash-completion/completions/avo' && complete -p avo")" 'avo$' "bash completes avo"
like "$(head -1 "$prefix/share/zsh/site-functions/_avo")" '^#compdef avo' "zsh is told how"

umount "$prefix"
# a tree that was moved as a whole brings its data and its worker
evolves "$work/moved tree/bin/avo" moved
mkdir alone
cp "$work/moved tree/bin/avo" alone/
alone/avo init lost >out 2>&1
is "$?" 3 "a program without its data does not make a run"
like "$(cat out)" "own files .* are not in $prefix/share/avo: the program was moved without them; .*AVO_DATA_DIR" "and says what it lacks"
ok "$([ ! -e lost ]; echo $?)" "nothing is left of it"
AVO_DATA_DIR="$work/moved tree/share/avo" alone/avo init found >out 2>&1
is "$?" 0 "as it was told to: AVO_DATA_DIR" || sed 's/^/# /' out
