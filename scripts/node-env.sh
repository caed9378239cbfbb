# To be sourced from the root of the repository: puts a Node.js that is new enough for the portal first in PATH.
# The system's own is used when it fits; otherwise the one that scripts/setup.sh keeps in .cache/node.

# The portal's build tool needs Node ^20.19 or >= 22.12.
node_fits() {
    command -v "$1" >/dev/null 2>&1 || return 1
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null
}

# No update notices, no funding advice, no audit calls: a build asks the network for packages only.
export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false

# Node.js of the npm package trusts its own list of authorities only: add the machine's (a company's proxy may need it).
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
    export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi

if ! { node_fits node && command -v npm >/dev/null 2>&1; }; then
    PATH="$(pwd)/.cache/node/node_modules/.bin:$PATH"
    export PATH
fi
