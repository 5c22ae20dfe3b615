#!/usr/bin/env bash
# Law 8, linear time, by counting instructions.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/tools.sh
need_apt valgrind valgrind
cargo build --quiet --release --example inspect
python3 tests/laws/linear.py target/release/examples/inspect
