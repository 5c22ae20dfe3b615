#!/usr/bin/env bash
# Records every capture again: record.sh [OUTDIR]. Without OUTDIR it replaces the committed ones.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../tools.sh"

need_apt nginx-light nginx
need_chromium ws
need_apt curl curl
need_venv aiohttp websockets

exec env PYTHONDONTWRITEBYTECODE=1 "$VENV_PYTHON" "$here/record.py" "${1:-$here}"
