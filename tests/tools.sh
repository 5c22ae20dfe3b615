# Sourced by the scripts which talk to real programs. Each function installs what is missing and
# does nothing when it is there, so a second run costs no time.

TOOLS=${WIREFEED_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/target/captures-tools}
mkdir -p "$TOOLS"
TOOLS=$(cd "$TOOLS" && pwd)
VENV_PYTHON=$TOOLS/venv/bin/python
NODE_TOOLS=$TOOLS/node
export TOOLS VENV_PYTHON NODE_TOOLS
# Debian keeps servers out of an ordinary user's path.
export PATH=$PATH:/usr/sbin

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# need_apt PACKAGE BINARY
need_apt() {
    command -v "$2" >/dev/null || apt_install "$1"
}

apt_install() {
    # Once per run: a fresh machine has no package lists, an old one has outdated ones.
    [ -n "${APT_UPDATED:-}" ] || as_root apt-get update -q >&2
    APT_UPDATED=1
    # Debian starts a server as it installs it, unless this file says no.
    local policy=/usr/sbin/policy-rc.d status=0
    if [ -e "$policy" ]; then policy=; fi
    [ -z "$policy" ] || printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "$1" >&2 || status=$?
    [ -z "$policy" ] || as_root rm -f "$policy"
    return $status
}

# need_venv PACKAGE...   the packages' names are their modules' names
need_venv() {
    if [ ! -x "$VENV_PYTHON" ] || ! "$VENV_PYTHON" -m pip --version >/dev/null 2>&1; then
        python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
        python3 -m venv --clear "$TOOLS/venv" >&2
    fi
    local package
    for package in "$@"; do
        "$VENV_PYTHON" -c "import $package" 2>/dev/null ||
            "$VENV_PYTHON" -m pip install -q "$package" >&2
    done
}

# need_npm PACKAGE...
need_npm() {
    local package
    mkdir -p "$NODE_TOOLS"
    for package in "$@"; do
        [ -f "$NODE_TOOLS/node_modules/$package/package.json" ] ||
            npm --prefix "$NODE_TOOLS" install --silent --no-audit --no-fund "$package" >&2
    done
}

# need_chromium [PACKAGE...]   Chromium and what drives it; further packages of npm's
need_chromium() {
    need_apt chromium chromium
    need_apt nodejs node
    need_apt npm npm
    need_npm playwright-core "$@"
}

# need_cargo PACKAGE   one whose binary has its name
need_cargo() {
    command -v "$1" >/dev/null || [ -x "$TOOLS/cargo/bin/$1" ] ||
        cargo install --quiet --locked "$1" --root "$TOOLS/cargo" >&2
    export PATH=$PATH:$TOOLS/cargo/bin
}
