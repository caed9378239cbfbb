#!/bin/sh
# Gets the third-party sources of the MCU crypto backend into .cache/mcu: the files of scripts/mcu-sources.txt, from
# Debian's source packages, by way of this machine's own apt mirror. Needs no root. Quick when nothing is to do.
#
#   scripts/mcu-sources.sh                   get and check; a file whose hash differs is refused
#   scripts/mcu-sources.sh --accept PACKAGE  take PACKAGE's files as Debian has them now, if the crypto tests pass with them
#
# Exit status: 0 ready, 1 refused or failed, 77 not to be had now (no network and no cache; with CI=true that is 1, too).
set -eu
cd "$(dirname "$0")/.."
list=scripts/mcu-sources.txt
cache=$PWD/.cache/mcu
work=$cache/work
log=$cache/apt.log
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() {
    printf 'mcu-sources: %s\n' "$*"
}

fail() {
    printf 'mcu-sources: %s\n' "$*" >&2
    exit 1
}

unavailable() {
    if [ "${CI:-}" = true ]; then
        fail "$*"
    fi
    say "not run: $*"
    exit 77
}

packages() {
    sed -n 's/^package \([^ ]*\) .*/\1/p' "$list"
}

suites_of() {
    sed -n "s/^package $1 //p" "$list"
}

# Lines "SHA-256  NAME/PATH" of one package.
files_of() {
    grep -E "^[0-9a-f]{64}  $1/" "$list"
}

# The files of package $1 that are missing in folder $2, or not the listed ones; none: all is well.
differing() {
    files_of "$1" | (cd "$2" && LC_ALL=C sha256sum --check --quiet 2>/dev/null) | sed -n 's/: FAILED.*//p'
}

# The archive that this machine's own release comes from; nothing if it is not Debian's.
mirror() {
    codename=$(. /etc/os-release && [ "$ID" = debian ] && printf '%s' "${VERSION_CODENAME:-}") || return 0
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk -v own="$codename" \
            '$2 == "main" && ($1 == own || $1 ~ /^(oldstable|stable|testing|unstable|sid)$/) { print $3; exit }'
}

# apt-get with lists and settings in $work, so that the machine's stay as they are.
private_apt() {
    (cd "$work" && apt-get -q -o Dir::State="$work/apt" -o Dir::Cache="$work/apt" -o APT::Sandbox::User=root \
        -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=- \
        -o Acquire::Retries=2 -o Acquire::http::Timeout=20 "$@") >>"$log" 2>&1
}

# Unpacks package $1 as suite $2 has it into $work/new/$1.
unpack() {
    rm -rf "$work"
    mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/new"
    signed=
    if [ -f "$keyring" ]; then
        signed="[signed-by=$keyring] "
    fi
    printf 'deb-src %s%s %s main\n' "$signed" "$uri" "$2" >"$work/apt/sources.list"
    private_apt update && private_apt source --download-only --only-source "$1" || return 1
    dpkg-source --no-check -x "$work/$1"_*.dsc "$work/new/$1" >>"$log" 2>&1
}

# Puts the listed files of package $1 from $work/new into the cache.
keep() {
    rm -rf "$cache/$1"
    files_of "$1" | while read -r _ path; do
        mkdir -p "$cache/${path%/*}"
        cp "$work/new/$path" "$cache/$path"
    done
}

# Finds package $1 in a suite whose files are the listed ones.
get() {
    refused=
    for suite in $(suites_of "$1"); do
        unpack "$1" "$suite" || continue
        wrong=$(differing "$1" "$work/new")
        if [ -z "$wrong" ]; then
            keep "$1"
            say "took $1 from the source package in $suite"
            return
        fi
        refused=${refused:-$suite: $(printf '%s' "$wrong" | tr '\n' ' ')}
    done
    if [ -z "$refused" ]; then
        unavailable "the source package $1 cannot be had (see .cache/mcu/apt.log)"
    fi
    fail "refused: $1 in ${refused% } is not what $list says. Read what changed, then run
    scripts/mcu-sources.sh --accept $1
which runs the crypto tests on the new files and, if they pass, writes their hashes into the list."
}

# Takes what the first suite has now: new hashes stay in the list only if the crypto tests pass on the new files.
accept() {
    suite=$(suites_of "$1" | cut -d ' ' -f 1)
    [ -n "$suite" ] || fail "no package $1 in $list"
    unpack "$1" "$suite" || fail "the source package $1 of $suite cannot be had (see .cache/mcu/apt.log)"
    cp "$list" "$cache/list.before"
    paths=$(files_of "$1" | cut -c 67-)
    { grep -vE "^[0-9a-f]{64}  $1/" "$cache/list.before" && (cd "$work/new" && sha256sum $paths); } >"$cache/list.after"
    cp "$cache/list.after" "$list"
    keep "$1"
    mark
    if scripts/build.sh host mcu_tests && ctest --test-dir build/host -L '^mcu$' --no-tests=error --output-on-failure; then
        say "accepted $1 of $suite; commit $list"
        return
    fi
    cp "$cache/list.before" "$list"
    rm -rf "${cache:?}/$1" "$cache/ready"
    fail "the crypto tests fail with $1 of $suite; $list is as it was"
}

# What the build looks at: the list that the files were checked against.
mark() {
    sha256sum <"$list" | cut -c 1-64 >"$cache/ready"
}

mkdir -p "$cache"
exec 8>"$cache/lock"
flock 8
if [ "${1:-}" = --accept ]; then
    uri=$(mirror)
    accept "${2:?which package?}"
    exit
fi
for package in $(packages); do
    if [ ! -d "$cache/$package" ] || [ -n "$(differing "$package" "$cache")" ]; then
        rm -f "$cache/ready"
        uri=$(mirror)
        [ -n "$uri" ] || unavailable "no Debian archive among the sources of apt, to take $package from"
        get "$package"
    fi
done
rm -rf "$work"
mark
say "ready"
