#!/usr/bin/env bash
# wstest.sh -m MODE [-x CASES]... -o REPORTS ADDRESS: the original, called as its faster double is.
set -euo pipefail
excluded=()
while getopts m:x:o: option; do
  case $option in
    m) mode=$OPTARG ;;
    x) excluded+=("\"$OPTARG\"") ;;
    o) reports=$OPTARG ;;
    *) exit 2 ;;
  esac
done
url=\"ws://${!OPTIND}\"
peer="\"url\": $url"
[ "$mode" = fuzzingserver ] || peer="\"servers\": [{\"agent\": \"wirefeed\", \"url\": $url}]"
cat >"$reports.json" <<END
{
  "outdir": "$reports", $peer, "cases": ["*"],
  "exclude-cases": [$(IFS=,; echo "${excluded[*]}")], "exclude-agent-cases": {}
}
END
exec "$WSTEST" -m "$mode" -s "$reports.json"
