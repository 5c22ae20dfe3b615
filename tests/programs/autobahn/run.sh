#!/usr/bin/env bash
# run.sh FOLDER: the Autobahn suite on the examples in FOLDER, in both roles, without the cases about
# performance and compression (9, 12, 13), which full.sh adds.
set -euo pipefail
cd "$(dirname "$0")"
source ./roles.sh
both_roles "$1" 247 -x '9.*' -x '12.*' -x '13.*'
