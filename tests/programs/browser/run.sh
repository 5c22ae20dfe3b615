#!/usr/bin/env bash
# run.sh LIVE [FOLDER]: the page of the server LIVE in Chromium; FOLDER keeps its pictures.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
need_chromium
LIVE=$(realpath "$1")
PICTURES=$(realpath -m "${2:-$here/../../../target/browser}")
export LIVE PICTURES
mkdir -p "$PICTURES"
timeout 180 node --test --test-reporter=spec "$here/live.test.mjs"
