#!/bin/sh
# Prepares a Debian 12 or 13 machine: packages, Node.js, the portal. Safe to repeat; quick when nothing is to do.
# Needs root or sudo only while packages are missing.
set -eu
cd "$(dirname "$0")/.."

NODE_VERSION=22
NPM_VERSION=10
portal_log=.cache/portal-build.log

say() {
    printf 'setup: %s\n' "$*"
}

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "root is needed to run: $* (run this as root, or install sudo)"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

is_offered() {
    [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *//p' | grep -v '(none)')" ]
}

# Runs npm up to three times, for networks that fail; what it asked of whom and why it failed is in its log.
npm_install() {
    for attempt in 1 2 3; do
        npm "$@" --loglevel=http </dev/null >.cache/npm.log 2>&1 && return
        grep -v 'Exit handler never called\|error with npm itself\|/npm/cli/issues' .cache/npm.log | tail -n 5 >&2
        say "attempt $attempt of 3 failed: npm $*"
    done
    fail "npm cannot install; the whole log is in .cache/npm.log"
}

# Reads lines "a | b" and prints those of which nothing is installed.
missing_lines() {
    while read -r line; do
        found=
        for package in $(printf '%s' "$line" | tr '|' ' '); do
            if is_installed "$package"; then
                found=yes
            fi
        done
        [ -n "$found" ] || printf '%s\n' "$line"
    done
}

# Reads lines "a | b" and prints the first package of each that the release offers (or the first, for apt to explain).
choose_packages() {
    while read -r line; do
        choice=
        for package in $(printf '%s' "$line" | tr '|' ' '); do
            if [ -z "$choice" ] && is_offered "$package"; then
                choice=$package
            fi
        done
        printf '%s\n' "${choice:-${line%% *}}"
    done
}

apt_install() {
    if [ -z "${apt_is_fresh:-}" ]; then
        say "reading the package lists (apt-get update)"
        as_root apt-get -q update >.cache/apt.log 2>&1 || fail "apt-get update failed; see .cache/apt.log"
        apt_is_fresh=yes
    fi
    packages=$(choose_packages)
    say "installing" $packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $packages \
        >.cache/apt.log 2>&1 </dev/null || {
        tail -n 20 .cache/apt.log >&2
        fail "apt-get install failed; the whole log is in .cache/apt.log"
    }
}

install_packages() {
    missing=$(sed -e 's/#.*//' -e '/?$/d' -e '/^[[:space:]]*$/d' scripts/packages.txt | missing_lines)
    if [ -z "$missing" ]; then
        say "all packages of scripts/packages.txt are installed"
        return
    fi
    say "missing for build and tests (scripts/packages.txt):" $(printf '%s' "$missing" | tr '\n' ' ')
    printf '%s\n' "$missing" >.cache/missing
    apt_install <.cache/missing
}

# Lines "a ?": wanted where the release has it, and what needs it says elsewhere that it did not run.
install_optional() {
    sed -n -e 's/#.*//' -e 's/ *?$//p' scripts/packages.txt | while read -r package; do
        if ! is_installed "$package" && is_offered "$package"; then
            printf '%s\n' "$package"
        fi
    done >.cache/missing
    [ ! -s .cache/missing ] || apt_install <.cache/missing
}

# The portal's build tool needs Node ^20.19 or >= 22.12: the machine's own, else Debian's, else the one from npm.
prepare_node() {
    . scripts/node-env.sh
    if node_fits node && command -v npm >/dev/null 2>&1; then
        say "Node.js $(node --version) at $(command -v node) fits the portal"
        return
    fi
    if ! command -v npm >/dev/null 2>&1; then
        say "Node.js ^20.19 or >= 22.12 with npm is needed to build the portal; trying Debian's"
        echo npm | apt_install
        hash -r
        if node_fits node; then
            say "Debian's Node.js $(node --version) fits the portal"
            return
        fi
    fi
    say "$(command -v node || echo node) is too old for the portal; taking Node.js $NODE_VERSION from npm into .cache/node"
    npm_install install --no-save --prefix .cache/node "node@$NODE_VERSION" "npm@$NPM_VERSION"
    hash -r
    node_fits node || fail "the Node.js of the npm package node@$NODE_VERSION does not run on this machine"
    say "Node.js $(node --version) at $(command -v node) fits the portal"
}

# True if $1 is missing or older than any file given by the rest (arguments of find).
is_stale() {
    target=$1
    shift
    [ ! -e "$target" ] || [ -n "$(find "$@" -type f -newer "$target" -print 2>/dev/null | head -n 1)" ]
}

build_portal() {
    if [ ! -f portal/package-lock.json ]; then
        say "there is no portal to build"
        return
    fi
    prepare_node
    if is_stale portal/node_modules/.package-lock.json portal/package-lock.json; then
        say "installing the portal's npm packages (npm ci)"
        npm_install ci --prefix portal
        touch portal/node_modules/.package-lock.json
    fi
    if is_stale portal/dist/index.html portal api/openapi.yaml \
        \( -name node_modules -o -name dist -o -name coverage \) -prune -o; then
        say "building the portal (npm run build)"
        (cd portal && npm run --silent build) >"$portal_log" 2>&1 </dev/null || {
            tail -n 30 "$portal_log" >&2
            fail "the portal does not build; the whole log is in $portal_log"
        }
        touch portal/dist/index.html
    fi
    say "the portal is built in portal/dist"
}

mkdir -p .cache
exec 9>.cache/setup.lock
flock 9
install_packages
install_optional
build_portal
say "ready"
