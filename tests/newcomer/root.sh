# A bare Debian root for tests, and what is done in it. Sourced; needs root and debootstrap.
#
#   AVO_ROOT_BASE   a root made earlier by `bare_root`, copied instead of made anew
#   AVO_MIRROR      the archive (default: what apt on this machine uses)

mirror=${AVO_MIRROR:-$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)*\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)}
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")

# bare_root DIR: minbase with git and sudo, an ordinary user ann who may use it, this machine's way to the network
bare_root() {
	if [ -n "${AVO_ROOT_BASE:-}" ]; then
		cp -a "$AVO_ROOT_BASE" "$1"
	else
		debootstrap --variant=minbase --include=git,ca-certificates,sudo "$codename" "$1" "$mirror" || return 1
		chroot "$1" useradd -m -s /bin/bash ann
		echo 'ann ALL=(ALL) NOPASSWD: ALL' >"$1/etc/sudoers.d/ann"
	fi
	for file in /etc/resolv.conf /etc/hosts /etc/apt/apt.conf.d/*proxy* /usr/local/share/ca-certificates/*; do
		[ ! -f "$file" ] || { mkdir -p "$1$(dirname "$file")" && cp "$file" "$1$file"; }
	done
	chroot "$1" update-ca-certificates >/dev/null 2>&1 || true
	mount_root "$1"
}

mount_root() {
	mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && mount -t tmpfs shm "$1/dev/shm" 2>/dev/null
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts" 2>/dev/null || true
}

# leave_root DIR: ends what still runs in it, and takes it away
leave_root() {
	for pid in /proc/[0-9]*; do
		[ "$(readlink "$pid/root" 2>/dev/null)" != "$1" ] || kill "${pid#/proc/}" 2>/dev/null
	done
	sleep 1
	awk -v root="$1/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | while read -r at; do umount -l "$at"; done
	awk -v root="$1/" 'index($2, root) == 1 { exit 1 }' /proc/mounts && rm -rf --one-file-system "$1"
}

# as_ann DIR COMMAND: with an empty environment, in her home
as_ann() {
	chroot "$1" su - ann -c "$2"
}
