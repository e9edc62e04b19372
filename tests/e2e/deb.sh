#!/bin/sh
# The Debian package: made, looked at by lintian, installed on a bare Debian and tried there by an ordinary user. Long, and needs
# root and the archive: AVO_LONG=1 make check TESTS=tests/e2e/deb.sh
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
[ "${AVO_LONG:-}" = 1 ] || skip_all "long: AVO_LONG=1 runs it"
for tool in debootstrap dpkg-buildpackage dh lintian; do
	command -v $tool >/dev/null || skip_all "$tool is not installed"
done
[ "$(id -u)" -eq 0 ] || skip_all "a root to install in is made by root"
. "$AVO_TOP_SRCDIR/tests/newcomer/root.sh"
work=$(mktemp -d /var/tmp/avo-deb.XXXXXX)
root=$work/root
trap 'leave_root "$root"; rm -rf --one-file-system "$work"' EXIT

"$AVO_TOP_SRCDIR/doc/packaging/deb.sh" "$AVO_TOP_SRCDIR" "$work/out" >"$work/log" 2>&1
ok $? "the package is made, without errors of lintian's" || sed 's/^/# /' "$work/log"
package=$(tail -n 1 "$work/log")
bare_root "$root" >"$work/log" 2>&1
ok $? "a bare root" || { tail -n 20 "$work/log" | sed 's/^/# /'; done_testing; exit; }
cp "$package" "$root/tmp/avo.deb"
chroot "$root" sh -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends /tmp/avo.deb' >"$work/log" 2>&1
ok $? "apt installs it with what it needs" || tail -n 20 "$work/log" | sed 's/^/# /'
like "$(as_ann "$root" 'avo --version')" '^avo [0-9]' "avo is in everybody's path"
as_ann "$root" 'avo init r --suite cpu-quick && avo run r --headless --attempts 2 </dev/null' >"$work/log" 2>&1
is "$?" 0 "an ordinary user evolves a kernel" || tail -n 20 "$work/log" | sed 's/^/# /'
like "$(as_ann "$root" 'avo attempts r')" '^a1 ' "which was built and measured"
like "$(as_ann "$root" 'avo doctor 2>&1')" '/usr/share/avo' "with the data that is installed"
chroot "$root" apt-get -qq purge -y avo >"$work/log" 2>&1
is "$(cd "$root" && find usr etc -path '*avo*' ! -name '*avogadro*' ! -type d | grep -E '(^|/)avo' | head)" "" "purge leaves nothing"
done_testing
