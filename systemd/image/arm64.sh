#!/usr/bin/env bash
# `make arm64`: does the package run on a Raspberry Pi's architecture? A Debian 12 for arm64 in a folder (debootstrap),
# run by qemu-user: the package installed with its own scripts, the programs started, a key made, a finger extracted.
# Needs root, and a kernel that lets binfmt_misc be set; where it does not, qemu is called by name for each program,
# which is enough for Python but not for the package's scripts. It says which of the two it did.
set -euo pipefail
package=${1:?arm64.sh PACKAGE.deb [FOLDER] [MIRROR]}
root=${2:-/var/tmp/hazri-arm64}
mirror=${3:-http://deb.debian.org/debian}

missing=()
for need in debootstrap:debootstrap qemu-aarch64-static:qemu-user-static; do
  command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

qemu=$(command -v qemu-aarch64-static)
wanted=python3,python3-venv,libusb-1.0-0,libatomic1,libfribidi0,fonts-noto-core,adduser
if [ ! -e "$root/.unpacked" ]; then
  debootstrap --arch=arm64 --variant=minbase --include="$wanted" --foreign bookworm "$root" "$mirror"
  cp "$qemu" "$root/usr/bin/"
  touch "$root/.unpacked"
fi

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

if inside /bin/true 2>/dev/null; then
  echo "arm64: programs run by binfmt_misc"
  [ -e "$root/.ready" ] || { inside /debootstrap/debootstrap --second-stage && touch "$root/.ready"; }
  cp "$package" "$root/var/tmp/hazri.deb"
  inside dpkg -i /var/tmp/hazri.deb
  edge() { inside /opt/hazri/bin/hazri-edge "$@"; }
else
  echo "arm64: no binfmt_misc here; qemu-aarch64-static is called by name, and the package's scripts are not tried"
  if [ ! -e "$root/.extracted" ]; then
    for one in "$root"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$one" "$root"; done
    touch "$root/.extracted"
  fi
  dpkg-deb -x "$package" "$root"
  run() { "$qemu" -L "$root" -E LD_LIBRARY_PATH="$root/lib/aarch64-linux-gnu:$root/usr/lib/aarch64-linux-gnu" "$@"; }
  python=$(echo "$root"/usr/bin/python3.[0-9]*)
  site=$root/opt/hazri/site
  [ -d "$site" ] || { mkdir -p "$site"; for wheel in "$root"/opt/hazri/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$site"; done; }
  edge() { run -E PYTHONHOME="$root/usr" -E PYTHONPATH="$site" -E OMP_NUM_THREADS=1 "$python" -m edge "$@"; }
fi

work=$(mktemp -d -p "$root/tmp" hazri.XXXXXX)
seen=${work#"$root"}
edge --version
edge synth --people 1 --impressions 1 --out "$work/fingers" 2>/dev/null || edge synth --people 1 --impressions 1 --out "$seen/fingers"
echo "arm64: ok"
rm -rf "$work"
