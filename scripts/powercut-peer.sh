#!/bin/sh
# Scores MCUboot's swap algorithms beside ours, under the same power cuts (tests/powercut/peer): builds them in build/peer from
# a checkout of MCUboot, which is no part of this repository.
#   scripts/powercut-peer.sh MCUBOOT_DIR [--docs] [--kept]
set -eu
cd "$(dirname "$0")/.."
if [ $# -lt 1 ] || [ ! -d "$1" ]; then
    echo "usage: scripts/powercut-peer.sh MCUBOOT_DIR [--docs] [--kept]" >&2
    echo "MCUBOOT_DIR is a checkout of MCUboot (https://github.com/mcu-tools/mcuboot); nothing is scored without one" >&2
    exit 2
fi
if [ ! -f "$1/boot/bootutil/src/loader.c" ]; then
    echo "$1 is no checkout of MCUboot: it has no boot/bootutil/src/loader.c" >&2
    exit 2
fi
exec /usr/bin/python3 tests/powercut/peer/run.py "$@"
