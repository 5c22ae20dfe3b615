#!/usr/bin/env bash
# run.sh FEED EVENTS: 100 events of the server FEED through each of its modes, in Chromium and in
# the client EVENTS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
need_chromium
exec timeout 60 env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here/../captures:$here/../counterparts" \
  python3 "$here/check.py" "$(realpath "$1")" "$(realpath "$2")"
