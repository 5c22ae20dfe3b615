# Sourced: runs kosoku, which drives Autobahn's own cases, against the examples.

source ../../tools.sh
need_venv kosoku
KOSOKU=$TOOLS/venv/bin/kosoku
# How long a role may take, in seconds.
PATIENCE=900

# both_roles EXAMPLES CASES [OPTION...]: so many cases each, chosen by these options
both_roles() {
  local examples cases=$2 reports status=0
  examples=$(cd "$OLDPWD" && cd "$1" && pwd)
  shift 2
  reports=$(mktemp -d)
  as_server "$examples" "$reports/server" "$@" &&
    python3 summary.py server "$cases" "$reports/server/index.json" || status=1
  as_client "$examples" "$reports/client" "$@" &&
    python3 summary.py client "$cases" "$reports/client/index.json" || status=1
  rm -r "$reports"
  return $status
}

as_server() {
  local examples=$1 reports=$2 pid port status=0
  shift 2
  "$examples/autobahn_server" 127.0.0.1:0 >"$reports.log" 2>&1 &
  pid=$!
  port=$(wait_for_port "$reports.log")
  timeout "$PATIENCE" "$KOSOKU" -m fuzzingclient "$@" -o "$reports" "127.0.0.1:$port" \
    >"$reports.kosoku" 2>&1 || status=$?
  kill "$pid" 2>/dev/null || true
  # It exits with 1 where a case is failed, which is the summary's to judge.
  [ "$status" -le 1 ] || { tail -5 "$reports.kosoku"; return 1; }
}

as_client() {
  local examples=$1 reports=$2 pid port status=0
  shift 2
  port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
  PYTHONUNBUFFERED=1 "$KOSOKU" -m fuzzingserver "$@" -o "$reports" "127.0.0.1:$port" >"$reports.kosoku" 2>&1 &
  pid=$!
  for _ in $(seq 100); do
    ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    sleep 0.1
  done
  timeout "$PATIENCE" "$examples/autobahn_client" "127.0.0.1:$port" >"$reports.log" 2>&1 || status=$?
  # The reports are written after the client has gone.
  for _ in $(seq 100); do
    ! grep -q '^wrote reports' "$reports.kosoku" || break
    sleep 0.1
  done
  kill "$pid" 2>/dev/null || true
  [ "$status" = 0 ] || { tail -5 "$reports.log"; return 1; }
}

# wait_for_port LOG: the port that a server says it listens on
wait_for_port() {
  for _ in $(seq 100); do
    ! grep -om1 ':[0-9]*$' "$1" | tr -d : | grep . || return 0
    sleep 0.1
  done
  echo "no server: $(cat "$1")" >&2
  return 1
}
