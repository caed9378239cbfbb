#!/bin/sh
# Configures and builds one preset of CMakePresets.json: scripts/build.sh PRESET [TARGET...].
# A terminal sees ninja's progress; otherwise it is quiet unless it fails.
set -eu
cd "$(dirname "$0")/.."
preset=$1
shift
mkdir -p "build/$preset"
log=build/$preset/build.log
if ! cmake --preset "$preset" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
if [ -t 1 ]; then
    exec ninja -C "build/$preset" "$@"
fi
if ! ninja -C "build/$preset" --quiet "$@" >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
