#!/usr/bin/env bash
# curl.sh URL: curl, asked again with the last id each time it ends. A JSON line for each event.
set -uo pipefail
last=''
while :; do
  id='' data=''
  # What has no line end, or no blank line after it, was cut off: it comes again.
  while IFS= read -r line; do
    case $line in
      'id: '*) id=${line#id: } ;;
      'data: '*) data=${line#data: } ;;
      '') [ -z "$data" ] || printf '{"id": "%s", "data": "%s"}\n' "$id" "$data"
        last=${id:-$last} id='' data='' ;;
    esac
  done < <(exec curl -q --noproxy '*' -sN --max-time 30 ${last:+-H "Last-Event-ID: $last"} "$1")
  sleep 0.3
done
