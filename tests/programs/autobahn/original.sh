#!/usr/bin/env bash
# original.sh FOLDER: the original `wstest`, without the cases about compression (12.* and 13.* take it
# twenty minutes), on the examples in FOLDER, in both roles. It needs Python 2.7.
set -euo pipefail
cd "$(dirname "$0")"
source ./roles.sh

# The first that starts: what is on the path may be a launcher with nothing to launch.
python=
for candidate in "$(command -v python2.7)" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/2.7.*/bin/python2.7; do
  ! "$candidate" --version &>/dev/null || { python=$candidate; break; }
done
[ -n "$python" ] || { echo 'left out: there is no Python 2.7'; exit; }

WSTEST=$TOOLS/wstest/bin/wstest
if [ ! -x "$WSTEST" ]; then
  "$VENV_PYTHON" -m pip install -q 'virtualenv<20.22' >&2
  "$VENV_PYTHON" -m virtualenv -q -p "$python" "$TOOLS/wstest" >&2
  "$TOOLS/wstest/bin/pip" install -q autobahntestsuite==0.8.2 &>"$TOOLS/wstest/log"
fi

KOSOKU=$PWD/wstest.sh
export WSTEST
both_roles "$1" 301 -x '12.*' -x '13.*'
