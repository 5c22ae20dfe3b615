"""check.py FEED EVENTS: the same numbered events through each of the three modes of `sse::Server`,
in Chromium's EventSource and in ours."""

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from programs import CLIENTS, SETTLED, Server, holds, numbered, reading, run, same_events
from tap import HOST

TOTAL_SECONDS = 30
COUNT = 100
INTERVAL = 50  # milliseconds

# How many requests a mode is to need: a stream one. A long poll ends 100 ms after its first event,
# and comes again 100 ms later, so that it brings about four events. A short one comes every second.
# Where the machine is slow there are fewer, but never as few as one, nor one for each event.
REQUESTS = {"stream": range(1, 2), "long": range(10, 41), "short": range(3, 12)}


async def main():
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options = ["--interval", INTERVAL, "--events", COUNT]
        server = Server(FEED, "{host}:{port}", folder / "log", *options)
        await stack.enter_async_context(server)
        origin = f"http://{HOST}:{server.port}"
        urls = {
            (mode, client): f"{origin}/{mode}?client={client}"
            for client in ("Chromium", "wirefeed")
            for mode in REQUESTS
        }
        browser = [urls[mode, "Chromium"] for mode in REQUESTS]
        page = await stack.enter_async_context(reading("node", CLIENTS / "chromium.mjs", *browser))
        readers = {
            (mode, client): await stack.enter_async_context(reading(EVENTS, url))
            for (mode, client), url in urls.items()
            if client == "wirefeed"
        }

        def seen(key):
            return (page, urls[key]) if key not in readers else (readers[key], None)

        async def whole(key):
            reader, url = seen(key)
            await reader.has(COUNT, url)

        await asyncio.gather(*map(whole, urls))
        # A poll asks again, and nothing more may come of it.
        await asyncio.sleep(SETTLED)
        for mode, client in urls:
            reader, url = seen((mode, client))
            events = reader.events(url)
            same_events(f"/{mode}, {client}", numbered(COUNT), events)
            requests = sum(line.startswith(f"/{mode}?client={client} ") for line in server.said)
            holds(f"/{mode}, {client}: {requests} requests", requests in REQUESTS[mode])
            print(
                f"/{mode}, {client}: {len(events)} events, each once and in order; "
                f"requests: {requests}",
                flush=True,
            )


if __name__ == "__main__":
    FEED, EVENTS = sys.argv[1:]
    run("modes", main, TOTAL_SECONDS)
