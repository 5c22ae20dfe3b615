"""Law 8: instructions grow in proportion to the bytes, one byte a call.

Runs `inspect batch` under callgrind on n, 2n and 4n bytes of each stream, and compares the increments:
from 2n to 4n at most 2.1 times what it was from n to 2n. The cost of starting the program cancels out.
"""

import base64
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

INSPECT = sys.argv[1]
N = 8 << 10
MOST = 2.1


def repeat(unit, n):
    return unit * (n // len(unit))


def frame(payload, opcode=2, fin=True, masked=True):
    size = len(payload)
    if size < 126:
        length = bytes([size | masked << 7])
    elif size < 1 << 16:
        length = bytes([126 | masked << 7]) + size.to_bytes(2, "big")
    else:
        length = bytes([127 | masked << 7]) + size.to_bytes(8, "big")
    # A key of zeros leaves the payload as it is.
    return bytes([opcode | fin << 7]) + length + (bytes(4) if masked else b"") + payload


def fragments(n, masked):
    middle = repeat(frame(b"hello", 0, False, masked), n)
    return frame(b"", 1, False, masked) + middle + frame(b"", 0, True, masked)


NONE = {"head": None, "fields": None, "overhead": None, "trailers": None}

# What each stream is, and what it is made of.
STREAMS = {
    "sse events": ("sse", {}, lambda n: repeat(b"id: 1\nevent: e\ndata: x\n\n", n)),
    "sse one line": ("sse", {}, lambda n: b"data: " + b"x" * n + b"\n\n"),
    "sse one event": ("sse", {}, lambda n: repeat(b"data: x\n", n) + b"\n"),
    "sse comments": ("sse", {}, lambda n: repeat(b": hi\r\n", n)),
    "sse bad text": ("sse", {}, lambda n: b"data: " + b"\xff" * n + b"\n\n"),
    "chunks of a byte": ("chunked", {}, lambda n: repeat(b"1\r\nx\r\n", n)),
    "one chunk": ("chunked", {}, lambda n: b"%x\r\n" % n + b"x" * n + b"\r\n0\r\n\r\n"),
    "chunk extensions": ("chunked", {"overhead": None}, lambda n: b"1" + repeat(b';a="b"', n) + b"\r\nx\r\n"),
    "trailers": ("chunked", {"trailers": None}, lambda n: b"0\r\n" + repeat(b"A: b\r\n", n) + b"\r\n"),
    "one head": ("request", NONE, lambda n: b"GET / HTTP/1.1\r\nHost: a\r\n" + repeat(b"A: b\r\n", n) + b"\r\n"),
    "one field": ("request", NONE, lambda n: b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * n + b"\r\n\r\n"),
    "pipelined requests": ("request", {}, lambda n: repeat(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", n)),
    "responses": ("response", {}, lambda n: repeat(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", n)),
    "one target": ("request", NONE | {"target": None}, lambda n: b"GET /" + b"a" * n + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "one reason": ("response", NONE, lambda n: b"HTTP/1.1 200 " + b"a" * n + b"\r\nContent-Length: 0\r\n\r\n"),
    "folds": ("response", NONE, lambda n: b"HTTP/1.1 204 A\r\nA:" + repeat(b" \r\n ", n) + b"\r\n\r\n"),
    "transfer codings": ("request", NONE, lambda n: b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + repeat(b", ", n) + b"chunked\r\n\r\n0\r\n\r\n"),
    "ws small messages": ("ws", {}, lambda n: repeat(frame(b"hello", 1), n)),
    "ws one message": ("ws", {}, lambda n: frame(b"x" * n)),
    "ws one text": ("ws", {}, lambda n: frame("日".encode() * (n // 3), 1)),
    "ws fragments": ("ws", {}, lambda n: fragments(n, True)),
    "ws pings": ("ws", {}, lambda n: repeat(frame(b"?", 9), n)),
    "ws fragments to a client": ("ws client", {}, lambda n: fragments(n, False)),
}


def instructions(kind, limits, wire):
    kind, _, role = kind.partition(" ")
    job = {"id": 0, "kind": kind, "role": role or "server", "cut": 1}
    job["input"] = base64.b64encode(wire).decode()
    job["options"] = {"limits": limits}
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", INSPECT, "batch"]
        run = subprocess.run(
            command, input=json.dumps(job).encode(), capture_output=True, timeout=300, check=True
        )
    answer = json.loads(run.stdout)
    assert answer["error"] is None and answer["consumed"] == len(wire), answer["error"]
    return int(re.search(rb"Collected : (\d+)", run.stderr).group(1))


def growth(counts):
    one, two, four = counts
    return (four - two) / (two - one)


# The criterion itself: it lets linear growth pass, and n log n, and stops what is quadratic.
assert growth([5 + n for n in (1, 2, 4)]) == 2
assert growth([5 + n * n for n in (1, 2, 4)]) == 4 > MOST

sizes = [(name, n) for name in STREAMS for n in (N, 2 * N, 4 * N)]
with ThreadPoolExecutor(2) as pool:
    def measure(task):
        kind, limits, make = STREAMS[task[0]]
        return instructions(kind, limits, make(task[1]))

    counts = dict(zip(sizes, pool.map(measure, sizes)))

failed = []
print(f"{'instructions at':28}{N:>12}{2 * N:>12}{4 * N:>12}   growth")
for name in STREAMS:
    row = [counts[name, n] for n in (N, 2 * N, 4 * N)]
    print(f"{name:28}{row[0]:12}{row[1]:12}{row[2]:12}{growth(row):9.2f}")
    if growth(row) > MOST:
        failed.append(name)
print(f"{len(STREAMS)} streams, {len(failed)} not linear: {', '.join(failed) or 'none'}")
sys.exit(bool(failed))
