#!/bin/sh
# Builds the fuzz targets (preset fuzz) and runs each for some seconds: scripts/fuzz.sh [SECONDS [TARGET...]].
# New inputs are kept in build/fuzz/corpus; a crash leaves its input there too, and the line that replays it.
# scripts/fuzz.sh --runs N [TARGET...] tries N inputs each, the same ones each time where addresses can be held (setarch).
# scripts/fuzz.sh --coverage [TARGET...] says which lines of core the inputs of seeds and former runs reach.
set -eu
cd "$(dirname "$0")/.."

seeds_of() {
    [ ! -d "tests/fuzz/corpus/$1" ] || echo "tests/fuzz/corpus/$1"
    case $1 in
    fuzz_image | fuzz_verify) echo tests/vectors/mcuboot/img ;;
    esac
}

run_all() {
    failed=0
    for target in "$@"; do
        found=build/fuzz/corpus/$target
        mkdir -p "$found"
        printf '%s: %s\n' "$target" "$bound"
        if ! $hold "build/fuzz/fuzz/$target" $bound -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
            -artifact_prefix="$found/" "$found" $(seeds_of "$target") >"$found.log" 2>&1 </dev/null; then
            failed=$((failed + 1))
            grep -E 'ERROR|SUMMARY|Test unit written' "$found.log" || tail -n 5 "$found.log"
            printf '    again: build/fuzz/fuzz/%s FILE (whole log: %s.log)\n' "$target" "$found"
        fi
        grep -E 'stat::number_of_executed_units|stat::peak_rss_mb' "$found.log" || true
    done
    printf '%s targets, %s failed\n' $# "$failed"
    [ "$failed" -eq 0 ]
}

# One line for each file that a target is there for.
measure() {
    folder=build/fuzz-coverage
    for target in "$@"; do
        mkdir -p "build/fuzz/corpus/$target"
        LLVM_PROFILE_FILE=$folder/$target.profraw "$folder/fuzz/$target" -runs=0 "build/fuzz/corpus/$target" \
            $(seeds_of "$target") >"$folder/$target.log" 2>&1 </dev/null
        llvm-profdata merge -o "$folder/$target.profdata" "$folder/$target.profraw"
        printf '%s\n' "$target"
        llvm-cov report "$folder/fuzz/$target" -instr-profile="$folder/$target.profdata" $(files_of "$target") |
            awk '/\.c / || /^TOTAL/ { sub(/.*\//, "", $1); printf "    %-24s %5d lines %8s of lines %8s of branches\n", $1, $8, $10, $13 }'
    done
}

files_of() {
    case $1 in
    fuzz_image) echo core/image/image.c core/image/der.c core/image/descriptor_block.c ;;
    fuzz_verify) echo core/image/image.c core/image/verify.c core/image/encrypted.c core/image/scheme_*.c ;;
    fuzz_journal) echo core/slot/journal.c core/slot/record.c ;;
    fuzz_http1) echo core/proto/http1.c core/proto/http1_field.c ;;
    fuzz_cbor) echo core/proto/cbor.c ;;
    fuzz_message) echo core/proto/message.c ;;
    esac
}

if [ "${1:-}" = --coverage ]; then
    shift
    scripts/build.sh fuzz-coverage fuzz_programs
    [ $# -gt 0 ] || set -- $(cd build/fuzz-coverage/fuzz && ls)
    measure "$@"
    exit
fi
hold=
if [ "${1:-}" = --runs ]; then
    bound="-runs=$2 -seed=1"
    ! setarch -R true 2>/dev/null || hold="setarch -R" # addresses that are compared guide the fuzzer, too
    rm -rf build/fuzz/corpus
    shift 2
else
    bound="-max_total_time=${1:-60}"
    [ $# -eq 0 ] || shift
fi
scripts/build.sh fuzz fuzz_programs
[ $# -gt 0 ] || set -- $(cd build/fuzz/fuzz && ls)
run_all "$@"
