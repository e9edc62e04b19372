#!/bin/sh
# The sandbox's tests once more as an ordinary user: other layers, other ids.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
[ "$(id -u)" = 0 ] || skip_all "not root: test_sandbox ran as an ordinary user already"
command -v setpriv >/dev/null || skip_all "no setpriv (util-linux)"

dir=$(mktemp -d /tmp/test-nobody.XXXXXX) || exit 1
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cp "$AVO_TOP_BUILDDIR/tests/unit/sandbox/test_sandbox" "$dir/test_sandbox" && chmod 755 "$dir/test_sandbox"
cd /tmp && HOME=$dir setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/test_sandbox"
