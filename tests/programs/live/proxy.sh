#!/usr/bin/env bash
# proxy.sh LIVE CONNECT_PROXY: the WebSocket of the server LIVE through tinyproxy, with and without
# the credentials that it asks for.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
live=$1 connect_proxy=$2
need_apt tinyproxy-bin tinyproxy
folder=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2>/dev/null || true; wait; rm -r "$folder"' EXIT

"$live" --port 0 >"$folder/live" &
started+=($!)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$folder/conf" <<CONF
Port $port
Listen 127.0.0.1
Timeout 20
BasicAuth user secret
CONF
tinyproxy -d -c "$folder/conf" >"$folder/log" 2>&1 &
started+=($!)
for _ in {1..100}; do
  if grep -q Ctrl-C "$folder/live" && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  sleep 0.05
done
server=$(sed -n 's|^open http://\(.*\)/ in a browser.*|\1|p' "$folder/live")

through() { timeout 20 "$connect_proxy" --proxy "$1" "$server" /socket 'h€llo' 2>&1 || true; }

# is WHAT EXPECTED GOT
is() {
  [ "$2" = "$3" ] || { echo "proxy: FAILED: $1: $3 instead of $2" >&2; exit 1; }
  echo "$1: $3"
}

is 'with credentials' 'h€llo' "$(through "user:secret@127.0.0.1:$port")"
is 'without' 'Error: "the proxy answers 407"' "$(through "127.0.0.1:$port")"
is 'with wrong ones' 'Error: "the proxy answers 401"' "$(through "user:wrong@127.0.0.1:$port")"
grep -q CONNECT "$folder/log" || { echo 'proxy: FAILED: tinyproxy saw no CONNECT' >&2; exit 1; }
