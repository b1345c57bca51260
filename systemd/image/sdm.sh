#!/bin/bash
# A card with sdm (https://github.com/gitbls/sdm), from an image of Raspberry Pi OS Lite (64-bit):
#
#     systemd/image/sdm.sh 2026-01-01-raspios-bookworm-arm64-lite.img hazri_0.1.0_arm64.deb hazri.toml /dev/sdX
#
# The image is made once and written to as many cards as there are terminals; only hazri.toml differs.
set -euo pipefail
image=$1 package=$2 dropin=$3 card=${4:-}
here=$(cd "$(dirname "$0")" && pwd)

sdm --customize \
    --plugin apps:"apps=python3-venv,libusb-1.0-0,libatomic1,libfribidi0,fonts-noto-core,network-manager,modemmanager,chrony,iw,rfkill,tpm2-tools,alsa-utils" \
    --plugin copyfile:"from=$package|to=/var/tmp" \
    --plugin runscript:"script=$here/install.sh|user=root" \
    --plugin disables:piwiz \
    --extend --xmb 1500 --regen-ssh-host-keys --batch "$image"
hazri-edge image dropin --file "$dropin" --to "$image"
[ -z "$card" ] || sdm --burn "$card" "$image"
