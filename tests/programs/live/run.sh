#!/usr/bin/env bash
# run.sh LIVE INSPECT: the server LIVE as curl, wrk and a hostile client see it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../tools.sh"
live=$1 inspect=$2
need_apt curl curl
need_apt wrk wrk
folder=$(mktemp -d)

"$live" --port 0 >"$folder/out" 2>"$folder/err" &
server=$!
trap 'kill -9 $server 2>/dev/null || true; rm -r "$folder"' EXIT
for _ in {1..100}; do
  ! grep -q Ctrl-C "$folder/out" || break
  sleep 0.05
done
url=$(sed -n 's|^open \(http://.*\)/ in a browser.*|\1|p' "$folder/out")

curl() { command curl -q --noproxy '*' -sS --max-time 10 "$@"; }

# is WHAT EXPECTED GOT
is() {
  [ "$2" = "$3" ] || { echo "live: FAILED: $1: $3 instead of $2" >&2; exit 1; }
  echo "$1: $3"
}

head_of() { curl -o /dev/null -w '%{http_code} %{content_type}' "$@" || true; }
size_of() { curl -o /dev/null -w '%{http_code} %{size_download}' "$@"; }
# A stream without end is cut off by curl's own clock.
lines_of() { curl --max-time 2 -N "$@" 2>/dev/null || true; }
upgrade=(-H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13'
  -H 'Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==')
bytes=$(wc -c <"$0")

is '/' '200 text/html; charset=utf-8' "$(head_of "$url/")"
is '/download' '200 1048576' "$(size_of "$url/download?client=curl")"
is '/chunked' '200 1048576' "$(size_of "$url/chunked?client=curl")"
is '/upload with a length' "{\"received\":$bytes}" "$(curl -X POST -T "$0" "$url/upload?client=curl")"
is '/upload in chunks' "{\"received\":$bytes}" "$(curl -X POST -T - "$url/upload?client=curl" <"$0")"
is '/poll' 1 "$(curl "$url/poll?every=50&client=curl" | grep -cE '^\{"ticks":\[\{"n":[0-9]+,"sent":[0-9]+\}\]\}$')"
is '/stream' 5 "$(lines_of "$url/stream?every=50" | sed 5q | grep -cE '^\{"n":[0-9]+,"sent":[0-9]+\}$')"
is '/socket' 101 "$(curl --max-time 1 -o /dev/null -w '%{http_code}' "${upgrade[@]}" "$url/socket" 2>/dev/null || true)"
is '/socket without an upgrade' '426 text/plain; charset=utf-8' "$(head_of "$url/socket")"
is '/nothing' '404 text/plain; charset=utf-8' "$(head_of "$url/nothing")"
is '/stats' '1 1048576' "$(curl "$url/stats?client=curl" | python3 -c '
import json, sys
download = json.load(sys.stdin)["download"]
head = download["bytes_out"] - (1 << 20)
assert 0 < head < 300, head
print(download["messages"], download["bytes_out"] - head)')"

# From the one that the client names, with nothing left out, through inspect.
newest=$(curl "$url/poll?every=50" | grep -oE '[0-9]+' | head -1)
lines_of -H "Last-Event-ID: $((newest - 3))" "$url/events?every=50" | "$inspect" sse >"$folder/events"
is '/events through inspect' "$(seq $((newest - 2)) $((newest + 7)) | xargs)" \
  "$(grep -oE '"id":"[0-9]+"' "$folder/events" | tr -dc '0-9\n' | head -10 | xargs)"

wrk -t1 -c32 -d10s "$url/" >"$folder/wrk"
cat "$folder/wrk"
is 'errors of wrk' 0 "$(grep -cE 'Socket errors|Non-2xx' "$folder/wrk" || true)"
is 'words of the server' '' "$(cat "$folder/err")"
kill -INT $server
status=0
wait $server || status=$?
is 'exit' 0 $status

python3 "$here/abuse.py" "$live"
