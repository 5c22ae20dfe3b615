"""check.py LIVE FETCH: the server LIVE and the client FETCH with programs of other people.

Every check prints what was seen; the first that fails ends the run with status 1.
"""

import asyncio
import gzip
import hashlib
import json
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

import aiohttp

from servers import TEXT, aiohttp_server, bytes_server, live_server, nginx_before
from tap import HOST, Tap, running

TOTAL_SECONDS = 60
MEBIBYTE = b"." * (1 << 20)  # what live's downloads hold
BIG = os.urandom(3 << 20)  # more than the buffers of both sides of a socket hold
CURL = ("curl", "-q", "--noproxy", "*", "-sS", "--max-time", "10")
# A mark before each transfer's own words, on stderr, where curl -v tells what it does.
SEEN = "%{stderr}==%{num_connects} %{http_code} %{http_version} %{size_download}\n"


class Failed(Exception):
    pass


def same(what, expected, got):
    if expected != got:
        raise Failed(f"{what}: expected {expected!r}, got {got!r}")
    print(f"{what}: {got}", flush=True)


def holds(what, condition, seen):
    if not condition:
        raise Failed(f"{what}: not so: {seen!r}")
    print(f"{what}: {seen}", flush=True)


async def ran(*argv, stdin=b""):
    """A program from start to end: its status, output and complaints."""
    pipe = asyncio.subprocess.PIPE
    async with asyncio.timeout(20), running(*argv, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        out, complaints = await process.communicate(stdin)
        return process.returncode, out, complaints.decode("latin-1")


async def curl(*args, stdin=b""):
    """Its output and what it says with -v."""
    status, out, said = await ran(*CURL, *args, stdin=stdin)
    if status:
        raise Failed(f"curl {args}: status {status}: {said}")
    return out, said


class Fetched:
    """What fetch has printed."""

    def __init__(self, status, events):
        self.status = status
        self.heads = [event for event in events if event["event"] == "head"]
        self.hints = [event["status"] for event in events if event["event"] == "informational"]
        self.ends = [event for event in events if event["event"] == "end"]
        self.errors = [event for event in events if event["event"] == "error"]

    def field(self, name):
        """The value of a field of the first head."""
        fields = self.heads[0]["fields"]
        return next((value for key, value in fields if key.lower() == name), None)

    def all(self, *names):
        return [" ".join(str(end[name]) for name in names) for end in self.ends]


async def fetch(*args, stdin=b"", status=0):
    got, out, said = await ran(FETCH, *args, stdin=stdin)
    if got != status or said:
        raise Failed(f"fetch {args}: status {got} instead of {status}: {out} {said}")
    return Fetched(got, [json.loads(line) for line in out.splitlines()])


async def fails(what, expected, *args, **options):
    """fetch says what is wrong: kind, offset in the connection, blame."""
    [error] = (await fetch(*args, status=1, **options)).errors
    same(what, expected, f"{error['kind']} at {error.get('at')}, {error.get('blame')}")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def received(data):
    return b'{"received":%d}' % len(data)


# --- curl and live ---


async def curl_to_live(folder, port):
    url = f"http://{HOST}:{port}"
    quiet = ("-o", "/dev/null", "-o", "/dev/null", "-w", SEEN)
    _, said = await curl("-v", *quiet, f"{url}/", f"{url}/stats")
    same("curl, two requests: connections opened", ["1", "0"], re.findall(r"==(\d)", said))
    [reused] = re.findall(r"Re-using existing \w*:? ?connection", said)
    same("curl, two requests: its words", "Re-using existing connection", reused)

    _, said = await curl("-v", "--http1.0", *quiet, f"{url}/", f"{url}/chunked")
    opened = re.findall(r"==(\d \d+)", said)
    same("curl --http1.0: opened, status", ["1 200", "1 200"], opened)
    same("curl --http1.0: bytes", str(1 << 20), re.findall(r"==.* (\d+)", said)[1])
    same("curl --http1.0: codings", [], re.findall(r"(?i)transfer-encoding", said))
    keep = ("-H", "Connection: keep-alive")
    _, said = await curl("-v", "--http1.0", *keep, *quiet, f"{url}/", f"{url}/stats")
    told = re.findall(r"< Connection: (\S+)", said)
    same("curl --http1.0 that keeps alive: it is told", ["keep-alive"] * 2, told)
    same("curl --http1.0 that keeps alive: opened", ["1", "0"], re.findall(r"==(\d)", said))

    out, said = await curl("-v", "-X", "POST", "-T", "-", f"{url}/upload", stdin=BIG)
    same("curl -T -: its field", "chunked", re.findall(r"> Transfer-Encoding: (\w+)", said)[0])
    same("curl -T -: the answer", received(BIG), out)

    # So long is its wait that a 100 that does not come would be seen.
    expects = ("--expect100-timeout", "9", "-H", "Content-Type: a/b")
    big = folder / "big"
    out, said = await curl("-v", *expects, "--data-binary", f"@{big}", f"{url}/upload")
    same("curl, 3 MiB: it expects", ["100-continue"], re.findall(r"> Expect: (\S+)", said))
    same("curl, 3 MiB: heads", ["100", "200"], re.findall(r"< HTTP/1.1 (\d+)", said))
    same("curl, 3 MiB: the answer", received(BIG), out)


async def pipelined(port):
    reader, writer = await asyncio.open_connection(HOST, port)
    host = b" HTTP/1.1\r\nHost: x\r\n"
    writer.write(
        b"GET /nothing" + host + b"\r\n"
        b"POST /upload" + host + b"Content-Length: 5\r\n\r\nhello"
        b"GET /chunked" + host + b"Connection: close\r\n\r\n"
    )
    async with asyncio.timeout(5):  # shorter than live waits for another request
        everything = await reader.read(-1)
    writer.close()
    told = re.findall(rb"(?m)^Connection: (\S+)", everything)
    same("three requests at once: what the last is told", [b"close"], told)
    heads = re.findall(rb"HTTP/1.1 (\d+).*?\r\n\r\n(.{5})", everything, re.DOTALL)
    # The third body begins with the size of its first chunk.
    answers = [(b"404", b"there"), (b"200", b'{"rec'), (b"200", b"8000\r")]
    same("three requests at once: status and first bytes", answers, heads)


# --- nginx before live ---


async def nginx_to_live(url, tap, folder):
    url, big = f"{url}/live", folder / "big"
    out, said = await curl("-v", f"{url}/download")
    length = re.findall(r"< Content-Length: (\d+)", said)
    same("through nginx, /download: length", ["1048576"], length)
    same("through nginx, /download: sha256", sha256(MEBIBYTE), sha256(out))
    out, said = await curl("-v", f"{url}/chunked")
    codings = re.findall(r"< Transfer-Encoding: (\w+)", said)
    same("through nginx, /chunked: coding", ["chunked"], codings)
    same("through nginx, /chunked: sha256", sha256(MEBIBYTE), sha256(out))
    for framing, source in (("Content-Length", big), ("Transfer-Encoding", "-")):
        out, _ = await curl("-X", "POST", "-T", source, f"{url}/upload", stdin=BIG)
        same(f"through nginx, upload with {framing}: the answer", received(BIG), out)
        head = [head for head in heads_sent(tap) if head.startswith("POST /upload")][-1]
        sent = re.findall(r"Content-Length|Transfer-Encoding", head)
        same("  what nginx sends up", [framing], sent)
    before = len(heads_sent(tap))
    for _ in range(5):
        out, _ = await curl(f"{url}/poll?every=50")
        [tick] = json.loads(out)["ticks"]
        assert tick["n"] > 0, out
    same("through nginx, /poll: requests", 5, len(heads_sent(tap)) - before)
    same("through nginx: connections to live for all of it", 1, len(tap.connections))

    done = await fetch("--data", big, "--chunked", "--expect", "--trailer", "A: b", f"{url}/upload")
    same("fetch through nginx: heads", [100, 200], done.hints + [done.heads[0]["status"]])
    same("fetch through nginx: the answer", sha256(received(BIG)), done.ends[0]["sha256"])


def heads_sent(tap):
    """The heads of requests among all that the tap has seen; uploads are of random bytes."""
    sent = b"".join(bytes(connection.request.data) for connection in tap.connections)
    found = re.findall(rb"(?:GET|POST) /[ -~]* HTTP/1\.1\r\n(?:[!-~]+:[ -~]*\r\n)+\r\n", sent)
    return [head.decode() for head in found]


async def streams_through_nginx(url):
    pipe, clock = asyncio.subprocess.PIPE, asyncio.get_running_loop().time
    numbers, times = [], []
    async with running(*CURL, "-N", f"{url}/live/events?every=50", stdout=pipe) as process:
        while len(numbers) < 10:
            line = await process.stdout.readline()
            if line.startswith(b"data: "):
                numbers.append(json.loads(line[6:])["n"])
                times.append(clock())
    first, span = numbers[0], times[-1] - times[0]
    same("through nginx, /events: ticks in order", list(range(10)), [n - first for n in numbers])
    # Nine intervals of 50 ms: at once they come only where something holds them back.
    holds("through nginx, /events: seconds they took", 0.3 < span < 2, round(span, 2))

    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{url}/live/socket?every=50") as socket:
            texts = ["hello", "ÿ" * 70_000]
            for text in texts:
                await socket.send_str(text)
            got, ticks = [], 0
            while len(got) < 2 or ticks < 3:
                text = await socket.receive_str()
                if text.startswith('{"type":"tick"'):
                    ticks += 1
                else:
                    got.append(text)
            same("through nginx, WebSocket: echoes", [5, 70_000], [len(text) for text in got])
            holds("through nginx, WebSocket: ticks", got == texts, ticks)
            await socket.close(code=1000)
            same("through nginx, WebSocket: close code", 1000, socket.close_code)


# --- fetch ---


async def fetch_from_nginx(url, folder):
    text, out = f"{url}/text.txt", folder / "out"
    done = await fetch(text)
    seen = done.all("status", "sha256", "ended_by")
    same("fetch, nginx's file", [f"200 {sha256(TEXT)} length"], seen)
    etag = done.field("etag")
    zipped = ("-H", "Accept-Encoding: gzip", "-o", out)
    for target, ended_by in ((text, "chunks"), (f"{url}/closing/text.txt", "close")):
        done = await fetch(*zipped, target)
        seen = f"{done.field('content-encoding')} {done.ends[0]['ended_by']}"
        same("fetch, gzip: coding and end", f"gzip {ended_by}", seen)
        unzipped = gzip.decompress(out.read_bytes())
        same("fetch, gzip: what it unzips to", sha256(TEXT), sha256(unzipped))
    trailers = f"{url}/trailers/text.txt"
    done = await fetch(trailers)
    same("fetch, trailers", [["X-Sum", "three words here"]], done.ends[0]["trailers"])
    same("fetch, trailers: the body", sha256(TEXT), done.ends[0]["sha256"])
    done = await fetch("-X", "HEAD", text, trailers, text)
    seen = ["200 0 head False", "200 0 head True", "200 0 head True"]
    same("fetch, HEAD", seen, done.all("status", "bytes", "ended_by", "reused"))
    same("fetch, HEAD: length", str(len(TEXT)), done.field("content-length"))
    done = await fetch("-H", f"If-None-Match: {etag}", text, trailers, f"{url}/none", text)
    seen = ["304 head False", "304 head True", "404 length True", "304 head True"]
    same("fetch, 304 and 404 over one connection", seen, done.all("status", "ended_by", "reused"))
    done = await fetch(*zipped, text, f"{url}/closing/text.txt", trailers, f"{url}/none")
    seen = ["200 chunks False", "200 close True", "200 chunks False", "404 chunks True"]
    same("fetch, every end after the other", seen, done.all("status", "ended_by", "reused"))


async def fetch_from_aiohttp(url, folder):
    big = folder / "big"
    done = await fetch(f"{url}/length", f"{url}/chunked", f"{url}/length")
    same("fetch, aiohttp: sha256", [sha256(TEXT)] * 3, done.all("sha256"))
    seen = ["length False", "chunks True", "length True"]
    same("fetch, aiohttp: ends", seen, done.all("ended_by", "reused"))
    for how, args in (("length", [big]), ("chunked", [big, "--chunked"]), ("chunked", ["-"])):
        done = await fetch("--data", *args, f"{url}/echo", stdin=BIG)
        same("fetch, an echo as it comes: the request's framing", how, done.field("x-request"))
        same("fetch, an echo as it comes: its sha256", sha256(BIG), done.ends[0]["sha256"])
    done = await fetch("--data", big, "--expect", f"{url}/echo", f"{url}/echo")
    same("fetch --expect: informational heads", [100, 100], done.hints)
    same("fetch --expect: sha256", [sha256(BIG)] * 2, done.all("sha256"))
    same("fetch --expect: reused", ["False", "True"], done.all("reused"))
    done = await fetch("--data", big, "--expect", f"{url}/refuse", f"{url}/refuse")
    same("fetch --expect, refused", ["417 False", "417 False"], done.all("status", "reused"))
    for framing, at in (("length", 500), ("chunks", len("1f4\r\n") + 500 + len("\r\n"))):
        done = await fetch(f"{url}/cut/{framing}", status=1)
        fields = "".join(f"{name}: {value}\r\n" for name, value in done.heads[0]["fields"])
        head = f"HTTP/1.1 200 OK\r\n{fields}\r\n"
        [error], ends = done.errors, done.ends
        same(f"fetch, cut in a body with {framing}: ends", [], ends)
        seen = f"{error['kind']}, {error['blame']}, {error['at'] - len(head)} after the head"
        same("  what is wrong", f"Truncated, peer, {at} after the head", seen)


async def fetch_bytes(url, port, folder):
    done = await fetch(f"{url}/hints", f"{url}/hints")
    same("fetch, 103 twice: informational heads", [103] * 4, done.hints)
    seen = done.all("status", "bytes", "ended_by", "reused")
    same("fetch, 103 twice: the end", ["200 2 chunks False", "200 2 chunks True"], seen)
    same("fetch, 103 twice: trailers", [["A", "b"]], done.ends[1]["trailers"])
    done = await fetch(f"{url}/http10", f"{url}/http10")
    same("fetch, HTTP/1.0", ["13 close False"] * 2, done.all("bytes", "ended_by", "reused"))
    for target, what in (
        ("/leaves", "leaves"),
        ("/drops", "leaves as it is asked again"),
        ("/more", "sends more than was asked for"),
        ("/closes", "says that it closes and does not"),
    ):
        done = await fetch(f"{url}{target}", f"{url}{target}")
        same(f"fetch, a server that {what}", ["2 False"] * 2, done.all("bytes", "reused"))
    done = await fetch("--data", folder / "big", "--expect", *[f"{url}/refuses"] * 2)
    same("fetch --expect, refused at length", ["417 False"] * 2, done.all("status", "reused"))
    same("  it sends no body", [sha256(b"quiet")] * 2, done.all("sha256"))
    post = ("-X", "POST", f"{url}/drops", f"{url}/drops")
    await fails("fetch, POST to a server that leaves", "Truncated at 40, peer", *post)
    await fails("fetch, no answer", "Truncated at 0, peer", f"{url}/silent")
    await fails("fetch, a length beside a coding", "LengthWithCoding at 33, peer", f"{url}/both")
    await fails("fetch, a reset is no end", "ConnectionReset at None, None", f"{url}/reset")
    too_big = folder / "too-big"
    too_big.touch()
    os.truncate(too_big, 65 << 20)  # a hole
    done = await fetch("--data", too_big, f"http://{HOST}:{port}/upload")
    same("fetch, a body that live does not want", ["413 length"], done.all("status", "ended_by"))


async def main(live):
    task = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        (folder / "big").write_bytes(BIG)
        async with asyncio.timeout(TOTAL_SECONDS), live_server(live) as port:
            await curl_to_live(folder, port)
            await pipelined(port)
            async with Tap(port) as tap, nginx_before(folder, tap.port) as url:
                await nginx_to_live(url, tap, folder)
                await streams_through_nginx(url)
                await fetch_from_nginx(url, folder)
            async with aiohttp_server() as url:
                await fetch_from_aiohttp(url, folder)
            async with bytes_server() as url:
                await fetch_bytes(url, port, folder)


if __name__ == "__main__":
    FETCH = sys.argv[2]
    try:
        asyncio.run(main(sys.argv[1]))
    except Failed as failed:
        sys.exit(f"peers: FAILED: {failed}")
    except TimeoutError:
        sys.exit(f"peers: FAILED: something took too long, or all of it {TOTAL_SECONDS} seconds")
    except asyncio.CancelledError:
        sys.exit("peers: stopped")
