#!/usr/bin/env bash
# run.sh EVENTS [NAME...]: the same event streams for Chromium's EventSource and for EVENTS, the
# release build of the example `events`; all scenarios, or those with a NAME in theirs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
need_chromium
EVENTS=$(realpath "$1")
shift
VECTORS=${WIREFEED_VECTORS:?the folder of the vectors}
export EVENTS VECTORS
exec timeout 120 node "$here/oracle.mjs" "$@"
