#!/bin/sh
# Builds the fuzz targets (preset fuzz) and runs each for some seconds: scripts/fuzz.sh [SECONDS [TARGET...]].
# New inputs are kept in build/fuzz/corpus; a crash leaves its input there too, and the line that replays it.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
scripts/build.sh fuzz fuzz_programs
[ $# -gt 0 ] || set -- $(cd build/fuzz/fuzz && ls)
failed=0
for target in "$@"; do
    found=build/fuzz/corpus/$target
    mkdir -p "$found"
    seeds=
    [ ! -d "tests/fuzz/corpus/$target" ] || seeds=tests/fuzz/corpus/$target
    printf '%s: %s s\n' "$target" "$seconds"
    if ! "build/fuzz/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$found/" "$found" $seeds >"$found.log" 2>&1 </dev/null; then
        failed=$((failed + 1))
        grep -E 'ERROR|SUMMARY|Test unit written' "$found.log" || tail -n 5 "$found.log"
        printf '    again: build/fuzz/fuzz/%s FILE (whole log: %s.log)\n' "$target" "$found"
    fi
    grep -E 'stat::number_of_executed_units|stat::peak_rss_mb' "$found.log" || true
done
printf '%s targets, %s failed\n' $# "$failed"
[ "$failed" -eq 0 ]
