#!/bin/sh
# Bytes of code, constants and static RAM of what runs on a device: core, boot, agent, each file compiled for size.
# For a Cortex-M4 if arm-none-eabi-gcc is installed, otherwise for this machine (then only good for comparisons).
set -eu
cd "$(dirname "$0")/.."
if command -v arm-none-eabi-gcc >/dev/null 2>&1; then
    compiler="arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb"
    size=arm-none-eabi-size
else
    compiler=cc
    size=size
fi
out=build/size
rm -rf "$out"
mkdir -p "$out"
for file in $(find core boot agent -name '*.c' ! -name 'openssl*' | sort); do
    if ! $compiler -Os -std=c11 -ffunction-sections -fno-common -I . -c "$file" \
        -o "$out/$(printf '%s' "$file" | tr / _).o" 2>"$out/error.log"; then
        cat "$out/error.log" >&2
        exit 1
    fi
done
printf 'compiler: %s -Os, before linking (unused functions included)\n\n' "$compiler"
$size "$out"/*.o | awk '
    BEGIN { printf "%8s %8s %8s  %s\n", "code", "data", "bss", "file" }
    NR > 1 {
        name = $6; sub(/.*\//, "", name); sub(/\.c\.o$/, "", name)
        part = name; if (part ~ /^core_/) { sub(/^core_/, "core/", part) }
        sub(/_.*/, "", part)
        code[part] += $1; data[part] += $2; bss[part] += $3
        printf "%8d %8d %8d  %s\n", $1, $2, $3, name
    }
    END {
        print ""
        for (part in code) { printf "%8d %8d %8d  %s\n", code[part], data[part], bss[part], part | "sort -k4" }
    }'
