#!/usr/bin/env bash
# run.sh EXAMPLES: our echo server with other people's WebSocket clients, directly and behind nginx, and
# our client with other people's echo servers. EXAMPLES is the folder of the built examples.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
need_chromium ws
need_apt nginx-light nginx
need_venv aiohttp websockets
need_cargo websocat
exec timeout 120 env PYTHONDONTWRITEBYTECODE=1 \
  PYTHONPATH="$here/../captures:$here/../peers:$here/../counterparts" \
  "$VENV_PYTHON" "$here/check.py" "$(realpath "$1")"
