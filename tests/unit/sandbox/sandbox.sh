#!/bin/sh
# The sandbox's tests as root and as an ordinary user, with all layers and with
# those that a poorer machine has. Each run of test_sandbox is one test here;
# its own lines follow when it fails.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
program=$AVO_TOP_BUILDDIR/tests/unit/sandbox/test_sandbox
dir=$(mktemp -d /tmp/test-sandbox-sh.XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp "$program" "$dir/test_sandbox" && chmod 755 "$dir/test_sandbox"
cd /tmp || exit 1

try() { # try NAME COMMAND...
	try_name=$1
	shift
	"$@" >"$dir/out" 2>&1
	if ok $? "$try_name"; then
		grep -E '^# (skipped|a start costs)' "$dir/out"
	else
		sed 's/^/# /' "$dir/out" | tail -60
	fi
}

try_all() { # try_all WHO PREFIX...
	try_who=$1
	shift
	try "$try_who: every act, every degradation" "$@" "$dir/test_sandbox" --degradations
	for try_layers in default bwrap+landlock+seccomp+uid landlock+seccomp+uid landlock+seccomp none; do
		[ "$try_layers" = default ] && unset AVO_SANDBOX_LAYERS || { AVO_SANDBOX_LAYERS=$try_layers; export AVO_SANDBOX_LAYERS; }
		try "$try_who: behaviour with layers $try_layers" "$@" "$dir/test_sandbox" --behaviour
	done
	unset AVO_SANDBOX_LAYERS
}

try_all "user $(id -u)"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	HOME=$dir
	export HOME
	try_all "user 65534" setpriv --reuid=65534 --regid=65534 --clear-groups
else
	skip "as an ordinary user" "we are one already, or there is no setpriv"
fi
done_testing
