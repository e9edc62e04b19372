#!/bin/sh
# deb.sh SOURCE OUT: makes Debian packages of the source tree in the directory OUT, and has lintian look at them where it is
# installed. Nothing is installed, nothing in the tree is changed. Needs what `apt-get build-dep` would: debhelper, and
# the packages that ./bootstrap packages installs.
set -eu

source=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
version=$(sed -n 's/^AC_INIT(\[avo\], \[\(.*\)\])/\1/p' "$source/configure.ac")

die() {
	echo "deb.sh: $*" >&2
	exit 3
}

command -v dh >/dev/null && command -v dpkg-buildpackage >/dev/null ||
	die "Debian packages are made with debhelper and dpkg-dev: apt-get install debhelper dpkg-dev lintian"

# The tree as it is committed, or as `make dist` left it where there is no repository.
tree=$out/avo-$version
rm -rf "$tree"
mkdir "$tree"
if git -C "$source" rev-parse --verify -q HEAD >/dev/null 2>&1; then
	(cd "$source" && git ls-files -z | tar -c --null -T - -f -) | tar -x -C "$tree" -f -
else
	(cd "$source" && tar -c --exclude='./build*' --exclude=./demo -f - .) | tar -x -C "$tree" -f -
fi
cp -R "$tree/doc/packaging/debian" "$tree/debian"
cat >"$tree/debian/changelog" <<END
avo ($version) unstable; urgency=medium

  * As in the source tree.

 -- $(sed -n 's/^Maintainer: //p' "$tree/debian/control")  $(date -R)
END

(cd "$tree" && dpkg-buildpackage -b -us -uc) >"$out/deb.log" 2>&1 || {
	tail -n 25 "$out/deb.log" >&2
	die "dpkg-buildpackage failed (all of it: $out/deb.log)"
}
rm -rf "$tree"
package=$(ls "$out"/avo_"$version"_*.deb)
if command -v lintian >/dev/null; then
	lintian --fail-on error "$package" || die "lintian found errors in $package"
fi
echo "$package"
