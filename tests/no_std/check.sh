#!/usr/bin/env bash
# The core rung links without an allocator, and this check would notice one.
set -euo pipefail
cd "$(dirname "$0")"

cargo build --quiet
cargo build --quiet --release
echo "no_std: the core links without an allocator"

if errors=$(cargo build --quiet --features alloc 2>&1); then
  echo "no_std: an allocator went unnoticed" >&2
  exit 1
fi
grep -q "no global memory allocator found" <<<"$errors" || { echo "$errors" >&2; exit 1; }
echo "no_std: with alloc it does not, as it should"
