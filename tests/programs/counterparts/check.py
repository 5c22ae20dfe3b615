"""check.py FEED EVENTS: servers that are killed in the middle of a stream, and their clients.

First other people's servers and the client EVENTS, then the server FEED and other people's clients.
"""

import asyncio
import random
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from llm import TOKENS
from programs import CLIENTS, SETTLED, Server, holds, numbered, reading, run, same_events
from servers import nginx_before
from tap import HOST

TOTAL_SECONDS = 60
DOWN = 0.3  # seconds for which a killed server is missed
HERE = Path(__file__).parent


async def killed(server, kills, ready, log=None):
    """Kills a server once its readers have each of these numbers of events, and starts it again."""
    for count in kills:
        await ready(count)
        await server.kill()
        if log is not None:
            # What a server that is killed as it writes would leave behind.
            with log.open("a") as file:
                file.write('{"id":"')
        await asyncio.sleep(DOWN)
        await server.start()


# --- a server of a language model's tokens, and our client ---


async def tokens(framework, *, through=None):
    """All tokens of an answer, whose server is killed twice."""
    async with AsyncExitStack() as stack:
        server = Server(sys.executable, HERE / "llm.py", framework, "{port}")
        await stack.enter_async_context(server)
        origin, options, name = f"http://{HOST}:{server.port}", [], framework
        if through is not None:
            proxy = await stack.enter_async_context(nginx_before(through, server.port))
            origin = f"{proxy}/live"  # over HTTP/1.1, and without a buffer
            # While the server is down the proxy answers 502, where an EventSource gives up.
            options, name = ["--retry-refusals"], f"{framework} behind nginx"
        url = f"{origin}/v1/answer"
        reader = await stack.enter_async_context(
            reading(EVENTS, url, "--until", "[DONE]", "--seconds", 40, *options)
        )
        await killed(server, [40, 90], reader.has)
        # It closes by itself, at the sentinel.
        await reader.process.wait()
        await reader.task
    expected = [[str(n), token] for n, token in enumerate(TOKENS, 1)]
    same_events(name, expected, reader.events())
    holds(f"{name}: no end at the sentinel", reader.lines[-1].get("data") == TOKENS[-1])
    after = [int(line) for line in server.said]
    holds(f"{name}: requests after {after}", after == sorted(set(after)) and len(after) == 3)
    refused = [line["error"] for line in reader.lines if "error" in line]
    print(
        f"{name}, killed twice: {len(TOKENS)} tokens, each once and in order; "
        f"requests after {after}; lost connections {refused}",
        flush=True,
    )


# --- our server, and other people's clients ---

COMMANDS = {
    "Chromium": ["node", CLIENTS / "chromium.mjs"],
    "curl": [CLIENTS / "curl.sh"],
    "httpx-sse": [sys.executable, CLIENTS / "httpx_reader.py"],
    "eventsource": ["node", CLIENTS / "eventsource.mjs"],
}


async def feed(folder, commands, *, events, interval, kills):
    """All events of a feed that is killed when its readers have each of these numbers of events."""
    log = folder / f"{events}.log"
    options = ["--interval", interval, "--events", events]
    async with AsyncExitStack() as stack:
        server = Server(FEED, "{host}:{port}", log, *options)
        await stack.enter_async_context(server)
        url = f"http://{HOST}:{server.port}/stream?client="
        readers = {
            name: await stack.enter_async_context(reading(*command, url + name))
            for name, command in commands.items()
        }

        async def all_have(count):
            await asyncio.gather(*(reader.has(count) for reader in readers.values()))
            # Not just after it has sent one.
            await asyncio.sleep(random.uniform(0, interval / 1000))

        await killed(server, kills, all_have, log)
        await all_have(events)
        await asyncio.sleep(SETTLED)
        # A late client receives all of it, more than a piece at a time and more than is in memory.
        late = await stack.enter_async_context(reading(EVENTS, f"{url}late"))
        await late.has(events)
    logged = len(log.read_text().splitlines())
    holds(f"the log has {logged} events", logged == events)
    starts = [int(line.rsplit(" ", 1)[1]) for line in server.said if line.startswith("http")]
    what = f"feed, an event in {interval} ms, killed {len(kills)} times"
    print(f"{what}: {logged} events in its log; it went on after {starts}", flush=True)
    for name, reader in readers.items():
        same_events(name, numbered(events), reader.events())
        after = [int(line.rsplit(" ", 1)[1]) for line in server.said if f"={name} " in line]
        once = sorted(set(after)) == after and len(after) == len(kills) + 1
        holds(f"{name}: requests after {after}", once)
        # A client that has seen an event that is not in the log would see another one with its id.
        kept = all(seen <= start for seen, start in zip(after, starts))
        holds(f"{name}: it has seen {after}, the feed went on after {starts}", kept)
        print(
            f"  {name}: {len(reader.events())} events, each once and in order; "
            f"requests after {after}",
            flush=True,
        )
    same_events("who comes late", numbered(events), late.events())
    print(f"  who comes late: {len(late.events())} events, each once and in order", flush=True)


async def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        await asyncio.gather(
            tokens("aiohttp"), tokens("starlette"), tokens("aiohttp", through=folder)
        )
        await feed(folder, COMMANDS, events=150, interval=40, kills=[40, 90])
        # So quick that it is killed in the middle of whatever it does.
        kills = range(500, 5000, 1000)
        await feed(folder, {"wirefeed": [EVENTS]}, events=6000, interval=1, kills=kills)


if __name__ == "__main__":
    FEED, EVENTS = sys.argv[1:]
    run("counterparts", main, TOTAL_SECONDS)
