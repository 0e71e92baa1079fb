#!/bin/bash
# Makes an initrd of busybox, kernel modules and programs, with the libraries they are linked to.
# usage: mkinitrd.sh KERNEL_DIR KERNEL_VERSION OUT MODULES PROGRAM...
#   KERNEL_DIR  an unpacked linux-image package, after depmod
#   MODULES     names, separated by spaces; what they depend on comes along
# Its init mounts the 9p share "share" on /mnt, runs /mnt/run.sh, says GUEST-EXIT=STATUS, powers off.
set -euo pipefail
kernel=$1 version=$2 out=$3 modules=$4
shift 4

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,sbin,proc,sys,dev,run,tmp,etc,root,mnt} "$root/lib/modules/$version"

cp /bin/busybox "$root/bin/"
for applet in sh mount umount ls cat echo sleep poweroff modprobe mkdir ping; do
  ln -s busybox "$root/bin/$applet"
done

for module in $modules; do
  modprobe -d "$kernel" -S "$version" --show-depends "$module" 2>/dev/null || true
done | sed -n 's/^insmod //p' | awk '{print $1}' | sort -u | while read -r file; do
  target=$root/lib/modules/$version/${file#*/lib/modules/"$version"/}
  mkdir -p "$(dirname "$target")"
  cp "$file" "$target"
done
cp "$kernel/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$version/"
depmod -b "$root" "$version"

copy() {
  mkdir -p "$root$(dirname "$1")"
  cp -nL "$1" "$root$1"
}
for program in "$@"; do
  copy "$program"
  { ldd "$program" 2>/dev/null || true; } | sed -nE 's#^[^/]*(/[^ ]+) .*#\1#p' | while read -r library; do
    copy "$library"
  done
done

cat >"$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc p /proc; mount -t sysfs s /sys; mount -t devtmpfs d /dev
mount -t tmpfs t /run; mount -t tmpfs t /tmp
# busybox's modprobe knows no soft dependencies, of which libcrc32c has one.
for module in crc32c_generic virtio_pci 9pnet_virtio 9p; do modprobe $module; done
mount -t 9p -o trans=virtio,version=9p2000.L share /mnt
sh /mnt/run.sh
echo "GUEST-EXIT=$?"
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$out"
