#!/usr/bin/env bash
# full.sh FOLDER: all cases of the Autobahn suite on the examples in FOLDER, in both roles.
set -euo pipefail
cd "$(dirname "$0")"
source ./roles.sh
both_roles "$1" 517
