#!/bin/sh
# Run inside an image that is being made: the package, no swap file, no core dumps.
set -e
apt-get install -y --no-install-recommends /var/tmp/hazri_*.deb
rm -f /var/tmp/hazri_*.deb
systemctl disable dphys-swapfile.service 2>/dev/null || true
mkdir -p /etc/systemd/coredump.conf.d
printf '[Coredump]\nStorage=none\n' > /etc/systemd/coredump.conf.d/hazri.conf
