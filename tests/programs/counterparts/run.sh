#!/usr/bin/env bash
# run.sh FEED EVENTS: event streams whose servers are killed twice. Our client EVENTS with other
# people's servers, our server FEED with other people's clients.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
need_chromium eventsource
need_apt curl curl
need_apt nginx-light nginx
need_venv aiohttp httpx httpx_sse sse_starlette uvicorn
exec timeout 90 env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here/../captures:$here/../peers" \
  "$VENV_PYTHON" "$here/check.py" "$(realpath "$1")" "$(realpath "$2")"
