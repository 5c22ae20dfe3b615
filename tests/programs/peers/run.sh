#!/usr/bin/env bash
# run.sh LIVE FETCH: the server LIVE against curl and nginx, the client FETCH against nginx, aiohttp
# and bytes as they are.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
need_apt nginx-light nginx
need_apt curl curl
need_venv aiohttp
exec env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here/../captures" \
  "$VENV_PYTHON" "$here/check.py" "$1" "$2"
