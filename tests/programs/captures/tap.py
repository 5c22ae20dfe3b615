"""The recording proxy, the programs around it, and the index of what was recorded."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
MAX_CAPTURE = 64 * 1024


@dataclass
class Direction:
    data: bytearray = field(default_factory=bytearray)
    eof: bool = False  # a clean end of stream, not a reset


@dataclass
class Connection:
    request: Direction = field(default_factory=Direction)
    response: Direction = field(default_factory=Direction)

    def starts(self, *parts):
        """Whether this is the connection with that request, where a client opens several."""
        head = bytes(self.request.data).split(b"\r\n\r\n")[0].lower()
        return all(part.lower().encode() in head for part in parts)


class Tap:
    """A TCP proxy in front of one server which keeps all bytes, per connection and direction."""

    def __init__(self, upstream_port):
        self.upstream_port = upstream_port
        self.connections = []
        self.open = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.accept, HOST, 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.open:
            task.cancel()
        await asyncio.gather(*self.open, return_exceptions=True)

    async def accept(self, client_reader, client_writer):
        self.open.add(task := asyncio.current_task())
        task.add_done_callback(self.open.discard)
        self.connections.append(kept := Connection())
        server_reader, server_writer = await asyncio.open_connection(HOST, self.upstream_port)
        try:
            await asyncio.gather(
                copy(client_reader, server_writer, kept.request),
                copy(server_reader, client_writer, kept.response),
            )
        except asyncio.CancelledError:
            pass  # only by __aexit__; asyncio would report it as an error
        finally:
            client_writer.close()
            server_writer.close()

    async def ended(self):
        """Returns when both sides of every connection have ended it."""
        while self.open:
            await asyncio.wait(set(self.open))

    async def only(self):
        """The one connection, ended; an error if the client opened more."""
        await self.ended()
        [kept] = self.connections
        return kept


async def copy(reader, writer, kept):
    try:
        while data := await reader.read(65536):
            kept.data += data
            writer.write(data)
            await writer.drain()
        kept.eof = True
        writer.write_eof()  # half a close stays half a close
    except OSError:  # a reset, or a peer which is gone already
        writer.close()


@asynccontextmanager
async def running(*argv, **options):
    """A program for the length of a block; ended by its process id."""
    process = await asyncio.create_subprocess_exec(*map(str, argv), **options)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 5)
            except TimeoutError:
                process.kill()
                await process.wait()


async def run(*argv, stdin=()):
    """A program from start to end: its output, or an error with what it complained about."""
    pipe = asyncio.subprocess.PIPE
    async with running(*argv, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        # In pieces with pauses, so that a client which streams its input cuts it there.
        for piece in stdin:
            process.stdin.write(piece)
            await process.stdin.drain()
            await asyncio.sleep(0.05)
        process.stdin.close()
        out, complaint = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{argv[0]} ended with {process.returncode}: {complaint.decode()}")
        return out.decode()


async def listening(port):
    """Returns when a program which was told that port listens on it."""
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
            return
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Index:
    """The captures, in memory until all are there: a failed run leaves the old ones alone."""

    def __init__(self):
        self.entries = []
        self.files = {}

    def keep(self, file, direction, *, program, version, what, expect, **how):
        assert 0 < len(direction.data) <= MAX_CAPTURE, (file, len(direction.data))
        assert file not in self.files, file
        kind = file.rsplit(".", 1)[1]
        self.files[file] = bytes(direction.data)
        self.entries.append(
            {"file": file, "program": program, "version": version, "what": what, "kind": kind}
            | ({"method": how.pop("method", "GET")} if kind == "response" else {})
            | {"then": how.pop("then", None)}
            | how
            | {"eof": direction.eof, "expect": expect}
        )

    def write(self, out):
        out = Path(out)
        out.mkdir(parents=True, exist_ok=True)
        index = out / "index.jsonl"
        if index.exists():
            for line in index.read_text().splitlines():
                (out / Path(json.loads(line)["file"]).name).unlink(missing_ok=True)
        for file, data in self.files.items():
            (out / file).write_bytes(data)
        lines = (json.dumps(entry, ensure_ascii=False) for entry in self.entries)
        index.write_text("".join(line + "\n" for line in lines))
