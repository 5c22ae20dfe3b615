#!/usr/bin/env bash
# run.sh BIN [STREAMS [OPTION...]]: how the decoders in BIN (the release build of the example
# `inspect`) and those of h11 and llhttp read the same generated and mutated streams.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(realpath "$1")
shift
source "$here/../../tools.sh"
need_venv h11 httptools
exec "$VENV_PYTHON" "$here/compare.py" "$bin" "$@"
