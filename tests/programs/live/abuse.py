#!/usr/bin/env python3
"""abuse.py BIN: what the server `BIN --port 0` does with crowds, with bad, slow and random clients.

Every check has a name and is printed; the first that fails ends the run with status 1.
"""

import asyncio
import base64
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE = 10  # seconds that the server waits for a head, a body's next bytes, a write
SOCKET_SILENCE = 20 + PATIENCE  # until a WebSocket is asked, and until it has to answer
SLACK = 4
CROWD = 100
MESSAGES = 50
MUTANTS = 10_000
AT_ONCE = 50
MEMORY = 64 << 20
TOTAL_SECONDS = 240


class Server:
    def __init__(self, binary):
        self.process = subprocess.Popen(
            [binary, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        first = self.process.stdout.readline()
        self.port = int(first.split("http://127.0.0.1:")[1].split("/")[0])

    def connect(self, **options):
        return asyncio.open_connection("127.0.0.1", self.port, **options)

    def resources(self):
        """How many threads and open files it has."""
        proc = Path(f"/proc/{self.process.pid}")
        return len(os.listdir(proc / "task")), len(os.listdir(proc / "fd"))

    def memory(self):
        """Bytes of resident memory, at most so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) << 10


@asynccontextmanager
async def connection(server, **options):
    reader, writer = await server.connect(**options)
    try:
        yield reader, writer
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            pass


def request(path, *fields, method="GET", host="Host: x"):
    return "\r\n".join([f"{method} {path} HTTP/1.1", host, *fields, "", ""]).encode()


def upgrade(path="/socket", *, version="13", key="AQIDBAUGBwgJCgsMDQ4PEA=="):
    return request(
        path, "Connection: Upgrade", "Upgrade: websocket",
        f"Sec-WebSocket-Version: {version}", f"Sec-WebSocket-Key: {key}",
    )


def frame(opcode, payload, fin=True):
    """A client's frame, masked with a key of zeros."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 1 << 16:
        length = bytes([0x80 | 126]) + struct.pack(">H", size)
    else:
        length = bytes([0x80 | 127]) + struct.pack(">Q", size)
    return bytes([(0x80 if fin else 0) | opcode]) + length + bytes(4) + payload


async def read_frame(reader):
    first, length = await reader.readexactly(2)
    if length == 126:
        length, = struct.unpack(">H", await reader.readexactly(2))
    return first & 15, await reader.readexactly(length)


async def whole_answer(server, wire):
    """All that comes until the server closes, once everything is sent."""
    async with connection(server) as (reader, writer):
        writer.write(wire)
        writer.write_eof()
        return await reader.read()


SMUGGLED = request("/stats")
CHUNKED = ("Transfer-Encoding: chunked",)


def upload(*fields):
    return request("/upload", *fields, method="POST")


# (what, wire, status); what is smuggled in behind a bad request must not be answered.
REQUESTS = [
    ("the page", request("/"), 200),
    ("absolute form", request("http://x/stats?client=a"), 200),
    ("HTTP/1.0 without Host", b"GET / HTTP/1.0\r\n\r\n", 200),
    ("an upload", upload("Content-Length: 5") + b"hello", 200),
    ("an upload in chunks", upload(*CHUNKED) + b"5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n", 200),
    ("unknown path", request("/nothing"), 404),
    ("wrong method", request("/events", method="POST") , 405),
    ("HEAD", request("/", method="HEAD"), 405),
    ("no upgrade", request("/socket"), 426),
    ("version 8 of WebSocket", upgrade(version="8"), 426),
    ("a short key", upgrade(key="AQID"), 400),
    ("no Host", request("/", host="A: b"), 400),
    ("two Hosts", request("/", "Host: y"), 400),
    ("no Host for an unknown path", request("/nothing", host="A: b"), 400),
    ("HTTP/2.0", b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ("no version", b"GET /\r\nHost: x\r\n\r\n", 400),
    ("two blanks", b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("not HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("bare LF", b"GET / HTTP/1.1\nHost: x\n\n", 400),
    ("bare CR", b"GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n", 400),
    ("a folded line", request("/", "A: b", " c"), 400),
    ("a blank before the colon", request("/", "Content-Length : 5"), 400),
    ("NUL in a value", request("/", "A: \0"), 400),
    ("a head without end", b"GET / HTTP/1.1\r\nHost: x\r\n", 400),
    ("a long head", request("/", "A: " + "b" * 70_000), 431),
    ("a long target", request("/" + "a" * 70_000), 431),
    ("many fields", request("/", *["A: b"] * 200), 431),
    ("a body too long", upload("Content-Length: 100000000"), 413),
    ("half a body", upload("Content-Length: 5") + b"hel", 400),
    ("length and chunks", upload("Content-Length: 4", *CHUNKED) + b"0\r\n\r\n" + SMUGGLED, 400),
    ("chunks and length", upload(*CHUNKED, "Content-Length: 4") + b"0\r\n\r\n" + SMUGGLED, 400),
    ("two lengths", upload("Content-Length: 0", "Content-Length: 9") + SMUGGLED, 400),
    ("two lengths in one", upload("Content-Length: 0, 9") + SMUGGLED, 400),
    ("a length with a sign", upload("Content-Length: +0") + SMUGGLED, 400),
    ("a hexadecimal length", upload("Content-Length: 0x0") + SMUGGLED, 400),
    ("a length too long", upload("Content-Length: 99999999999999999999") + SMUGGLED, 400),
    ("chunked, then more", upload("Transfer-Encoding: chunked, identity") + SMUGGLED, 400),
    ("chunked twice", upload("Transfer-Encoding: chunked, chunked") + SMUGGLED, 400),
    ("gzip alone", upload("Transfer-Encoding: gzip") + SMUGGLED, 400),
    ("gzip, then chunked", upload("Transfer-Encoding: gzip, chunked") + SMUGGLED, 501),
    ("chunked with a tab", upload("Transfer-Encoding: \x0bchunked") + SMUGGLED, 400),
    ("chunks in HTTP/1.0", upload(*CHUNKED).replace(b"1.1", b"1.0") + b"0\r\n\r\n" + SMUGGLED, 400),
    ("a size with 0x", upload(*CHUNKED) + b"0x0\r\n\r\n" + SMUGGLED, 400),
    ("a size with a sign", upload(*CHUNKED) + b"+0\r\n\r\n" + SMUGGLED, 400),
    ("a negative size", upload(*CHUNKED) + b"-0\r\n\r\n" + SMUGGLED, 400),
    ("a blank after a size", upload(*CHUNKED) + b"0 \r\n\r\n" + SMUGGLED, 400),
    ("a size of 17 digits", upload(*CHUNKED) + b"00000000000000000\r\n\r\n" + SMUGGLED, 400),
    ("bare LF after a size", upload(*CHUNKED) + b"0\n\r\n" + SMUGGLED, 400),
    ("LF in an extension", upload(*CHUNKED) + b"0;\n\r\n\r\n" + SMUGGLED, 400),
    ("no CR LF after a chunk", upload(*CHUNKED) + b"1\r\naXX0\r\n\r\n" + SMUGGLED, 400),
    ("a bad trailer", upload(*CHUNKED) + b"0\r\nA b: c\r\n\r\n" + SMUGGLED, 400),
]


async def answers(server):
    """Each bad request is answered as it deserves, and nothing behind it is served."""
    for what, wire, expected in REQUESTS:
        answer = await whole_answer(server, wire)
        status = answer.split(b" ", 2)[1:2]
        assert status == [b"%d" % expected], f"{what}: {answer[:80]} instead of {expected}"
        head, _, body = answer.partition(b"\r\n\r\n")
        if what == "HEAD":
            assert body == b"", f"{what}: content {body[:40]}"
        elif expected != 200:
            assert body.strip(), f"{what}: no reason"
        if expected == 405:
            assert b"\r\nAllow: " in head, f"{what}: no Allow"
        if wire.endswith(SMUGGLED):
            assert answer.count(b"HTTP/1.1 ") == 1, f"{what}: a second answer: {answer}"
            assert b"\r\nConnection: close" in head, f"{what}: the connection stays open"
    return f"{len(REQUESTS)} requests"


async def pipelined(server):
    """Good requests behind each other are answered in order, on one connection."""
    body = upload("Content-Length: 3") + b"abc"
    wire = request("/stats") + body + request("/poll?every=10") + request("/stats", "Connection: close")
    answer = await whole_answer(server, wire)
    assert answer.count(b"HTTP/1.1 200 OK") == 4, answer
    order = [answer.index(part) for part in (b'"bytes_in"', b'"received":3', b'"ticks"')]
    assert order == sorted(order) and b'"bytes_in"' in answer[order[2]:], answer
    return "4 requests"


async def one_socket(server):
    async with connection(server) as (reader, writer):
        writer.write(upgrade("/socket?every=20"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        numbers = []
        while len(numbers) < MESSAGES:
            opcode, payload = await read_frame(reader)
            assert opcode == 1, (opcode, payload)
            numbers.append(json.loads(payload)["n"])
        writer.write(frame(8, struct.pack(">H", 1000)))
        while (received := await read_frame(reader))[0] != 8:
            pass
        assert received[1] == struct.pack(">H", 1000), received
        assert await reader.read() == b""
        return numbers


async def one_stream(server):
    async with connection(server) as (reader, writer):
        writer.write(request("/events?every=20"))
        await reader.readuntil(b"\r\n\r\n")
        text, numbers = b"", []
        while len(numbers) < MESSAGES:
            size = int(await reader.readuntil(b"\r\n"), 16)
            text += (await reader.readexactly(size + 2))[:size]
            *events, text = text.split(b"\n\n")
            for event in events:
                lines = [line.partition(b": ")[::2] for line in event.split(b"\n")]
                numbers += [int(value) for name, value in lines if name == b"id"]
        return numbers


async def crowd(server):
    """Everyone of a crowd gets every message."""
    clients = [one_socket, one_stream] * CROWD
    for numbers in await asyncio.gather(*(client(server) for client in clients)):
        assert numbers == list(range(numbers[0], numbers[0] + MESSAGES)), numbers
    return f"{len(clients)} clients, {MESSAGES} messages each"


async def until_closed(reader):
    """What comes until the other side is gone, however it goes."""
    received = b""
    try:
        while part := await reader.read(1 << 16):
            received = (received + part)[-4096:]
    except ConnectionError:
        pass
    return received


async def slow(server, what, start, rest, within, expected):
    """A client that sends `rest` at a byte a second, or nothing more."""
    begun = time.monotonic()
    async with connection(server) as (reader, writer):
        writer.write(start)

        async def trickle():
            for byte in rest:
                await asyncio.sleep(1)
                writer.write(bytes([byte]))

        sending = asyncio.create_task(trickle())
        try:
            received = await asyncio.wait_for(until_closed(reader), within + SLACK)
        except TimeoutError:
            raise AssertionError(f"{what}: still open after {within + SLACK} s") from None
        finally:
            sending.cancel()
    took = time.monotonic() - begun
    assert took > within / 2, f"{what}: closed after {took:.1f} s"
    assert expected in received, f"{what}: {received[-80:]}"
    if not expected:
        assert received == b"", f"{what}: {received[-80:]}"
    return f"{what} {took:.0f} s"


async def flood(server):
    """A WebSocket that sends and does not read is left, and what is kept for it is bounded."""
    begun = time.monotonic()
    async with connection(server, limit=1 << 16) as (reader, writer):
        writer.write(upgrade())
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()
        echo = frame(2, bytes(1 << 16))
        sent = 0
        try:
            while time.monotonic() - begun < 3 * PATIENCE:
                writer.write(echo)
                await writer.drain()
                sent += len(echo)
        except ConnectionError:
            pass
    took = time.monotonic() - begun
    assert took < 2 * PATIENCE + SLACK, f"still open after {took:.1f} s"
    return f"flood of {sent >> 20} MiB {took:.0f} s"


async def patience(server):
    """Silent and slow clients are closed in time."""
    whole = request("/") * 3
    ping = b"\x89\x00"
    slow_ones = [
        ("silent", b"", b"", PATIENCE, b""),
        ("silent after a request", request("/poll?every=10"), b"", PATIENCE, b'"ticks"'),
        ("a byte a second", b"", whole, PATIENCE, b"HTTP/1.1 408 "),
        ("half a head", whole[:20], b"", PATIENCE, b"HTTP/1.1 408 "),
        ("half a body", upload("Content-Length: 9") + b"a", b"", PATIENCE, b"HTTP/1.1 408 "),
        ("body", upload("Content-Length: 99"), bytes(98), PATIENCE, b"HTTP/1.1 408 "),
        ("silent socket", upgrade(), b"", SOCKET_SILENCE, ping),
        # Any byte of it would be a sign of life.
        ("half a frame", upgrade() + frame(2, bytes(99))[:50], b"", SOCKET_SILENCE, ping),
    ]
    running = [slow(server, *one) for one in slow_ones]
    return ", ".join(await asyncio.gather(*running, flood(server)))


def mutated(random_):
    wire = bytearray(random_.choice(REQUESTS + [("", upgrade() + frame(1, b"hello") * 3, 101)])[1])
    if len(wire) > 4096:
        del wire[2048:-2048]
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(wire)) if wire else 0
        match random_.randrange(6):
            case 0 if wire:
                wire[at] = random_.randrange(256)
            case 1 if wire:
                wire[at] ^= 1 << random_.randrange(8)
            case 2:
                del wire[at:at + random_.randint(1, 9)]
            case 3:
                wire[at:at] = wire[at:at + random_.randint(1, 40)]
            case 4:
                wire[at:at] = random_.choice([b"\r\n", b"\n", b"\0", b": ", b";", b" ", b"0\r\n\r\n"])
            case _:
                del wire[at:]
    return bytes(wire)


async def mutants(server):
    """Whatever comes, an answer is one that the server means, and the next client is served."""
    random_ = random.Random(20_110_101)
    known = {101, 200, 400, 404, 405, 408, 413, 426, 431, 501, 505}
    seen = {}

    async def work(count):
        for _ in range(count):
            wire = mutated(random_)
            try:
                answer = await whole_answer(server, wire)
            except ConnectionError as wrong:
                raise AssertionError(f"{wrong} after {wire}") from None
            status = int(answer.split(b" ", 2)[1]) if answer else 0
            assert status in known or not answer, f"{status} for {wire}"
            seen[status] = seen.get(status, 0) + 1

    await asyncio.gather(*(work(MUTANTS // AT_ONCE) for _ in range(AT_ONCE)))
    assert sum(seen.values()) == MUTANTS
    counts = ", ".join(f"{status or 'none'} {count}" for status, count in sorted(seen.items()))
    return f"{MUTANTS} requests: {counts}"


async def stops(server):
    """Ctrl-C ends every stream as its protocol asks, and the program with success."""
    async with connection(server) as (socket, open_), connection(server) as (stream, ask):
        open_.write(upgrade())
        await socket.readuntil(b"\r\n\r\n")
        ask.write(request("/stream"))
        await stream.readuntil(b"\r\n\r\n")
        begun = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        while (received := await read_frame(socket))[0] != 8:
            pass
        assert received[1].startswith(struct.pack(">H", 1001)), received
        open_.write(frame(8, received[1]))
        text = await stream.read()
        assert text.endswith(b"0\r\n\r\n"), text
        assert await socket.read() == b""
    while server.process.poll() is None and time.monotonic() - begun < 5:
        await asyncio.sleep(0.01)
    took = time.monotonic() - begun
    assert server.process.returncode == 0, server.process.returncode
    words = server.process.stderr.read()
    assert words == "", words
    return f"{took:.1f} s"


async def settled(server, before):
    for _ in range(500):
        if (after := server.resources()) == before:
            return f"{after[0]} threads, {after[1]} files, {server.memory() >> 20} MiB at most"
        await asyncio.sleep(0.01)
    raise AssertionError(f"threads and files {before} became {after}")


async def main(binary):
    server = Server(binary)
    try:
        before = server.resources()
        for check in (answers, pipelined, crowd, mutants, patience):
            begun = time.monotonic()
            said = await check(server)
            print(f"{check.__name__}: {said} ({time.monotonic() - begun:.1f} s)", flush=True)
            print(f"  afterwards {await settled(server, before)}", flush=True)
        assert server.memory() < MEMORY, f"{server.memory()} bytes"
        assert (await whole_answer(server, request("/"))).startswith(b"HTTP/1.1 200 ")
        print(f"stops: {await stops(server)}")
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: abuse.py BIN")
    try:
        asyncio.run(asyncio.wait_for(main(sys.argv[1]), TOTAL_SECONDS))
    except (AssertionError, TimeoutError) as wrong:
        sys.exit(f"abuse: FAILED: {wrong or 'out of time'}")
