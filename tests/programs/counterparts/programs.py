"""Readers of events and servers that are killed, as this test and tests/modes drive them."""

import asyncio
import json
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from tap import HOST, free_port, listening, running

CLIENTS = Path(__file__).parent / "clients"
SETTLED = 1.5  # how long nothing more may come: a client that comes back after a second does within


class Failed(Exception):
    pass


def holds(what, condition):
    if not condition:
        raise Failed(what)


class Reader:
    """A program that prints a JSON line for each event, and what it has printed."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self.more = asyncio.Event()
        self.task = asyncio.create_task(self.read())

    async def read(self):
        async for line in self.process.stdout:
            self.lines.append(json.loads(line))
            self.more.set()

    def events(self, url=None):
        """Its events as [id, data], where it reads several URLs those of one."""
        lines = (line for line in self.lines if "data" in line)
        return [[line["id"], line["data"]] for line in lines if url in (None, line.get("url"))]

    async def has(self, count, url=None):
        """Returns when it has seen so many events."""
        while len(self.events(url)) < count:
            if self.task.done():
                raise Failed(f"it has ended after {len(self.events(url))} of {count} events")
            self.more.clear()
            more = asyncio.create_task(self.more.wait())
            await asyncio.wait({more, self.task}, return_when=asyncio.FIRST_COMPLETED)
            more.cancel()


@asynccontextmanager
async def reading(*argv):
    async with running(*argv, stdout=asyncio.subprocess.PIPE) as process:
        reader = Reader(process)
        try:
            yield reader
        finally:
            reader.task.cancel()


class Server:
    """A program that listens on one port, however often it is killed, and what it has said."""

    def __init__(self, *argv):
        self.port = free_port()
        self.argv = [str(arg).format(host=HOST, port=self.port) for arg in argv]
        self.process = None
        self.said = []

    async def start(self):
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*self.argv, stdout=pipe)
        self.task = asyncio.create_task(self.listen(self.process))
        listens = asyncio.create_task(listening(self.port))
        await asyncio.wait({listens, self.task}, return_when=asyncio.FIRST_COMPLETED)
        if not listens.done():
            listens.cancel()
            raise Failed(f"{self.argv[0]} does not start")

    async def listen(self, process):
        async for line in process.stdout:
            self.said.append(line.decode().rstrip("\n"))

    async def kill(self):
        """SIGKILL: no handler runs, nothing is finished."""
        self.process.kill()
        await self.process.wait()
        await self.task  # what it has said until then

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            await self.kill()


def run(name, main, seconds):
    """Runs a check to its end, and with it ends all that it has started: where it fails, where it
    takes too long, and where it is told to stop."""

    async def bounded():
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        async with asyncio.timeout(seconds):
            await main()

    try:
        asyncio.run(bounded())
    except Failed as failure:
        sys.exit(f"{name}: FAILED: {failure}")
    except TimeoutError:
        sys.exit(f"{name}: FAILED: no end after {seconds} s")
    except asyncio.CancelledError:
        sys.exit(f"{name}: FAILED: told to stop")


def numbered(count):
    """What a reader of `feed` is to see."""
    return [[str(n), str(n)] for n in range(1, count + 1)]


def same_events(who, expected, got):
    """Each once, in order; or says what is wrong."""
    if expected == got:
        return
    lost = [event for event in expected if event not in got]
    twice = [event for n, event in enumerate(got) if event in got[:n]]
    raise Failed(f"{who}: of {len(expected)} events {len(got)}, lost {lost}, twice {twice}")
