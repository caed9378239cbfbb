#!/bin/sh
# Proves the parsers free of run-time errors with Frama-C: scripts/prove.sh [NAME... | --mutants] (tests/proof/prove.py).
# Ends with 77 where the Debian release has no Frama-C.
set -eu
cd "$(dirname "$0")/.."
if ! command -v frama-c >/dev/null 2>&1; then
    if apt-cache policy frama-c-base 2>/dev/null | grep -q 'Candidate: [0-9]'; then
        echo "Frama-C is missing; run scripts/setup.sh first" >&2
        exit 1
    fi
    echo "this Debian release has no Frama-C (package frama-c-base): nothing is proved here"
    exit 77
fi
exec /usr/bin/python3 tests/proof/prove.py "$@"
