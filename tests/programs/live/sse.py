#!/usr/bin/env python3
"""live_sse.py BIN: a live event stream from aiohttp through curl into `BIN sse`, in lock step.

The server sends an event only after the one before it has come out of BIN as a line of JSON, so a
reader which waits for one byte more than the event's own never gets on. An event is complete with
the blank line's first line-end byte: some end in a CR whose LF is sent in front of the next one.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2] / "tools.sh"
HOST = "127.0.0.1"
COUNT = 50
EVENT_SECONDS = 5
TOTAL_SECONDS = 120
PAUSE = 0.01  # long enough for one write to arrive without the next


def events():
    """(the writes, what comes out after the last of them and not before)."""
    shapes = [
        (["id: {n}\ndata: plain {n}\n\n"], "message", "plain {n}"),
        (["id: {n}\ndata: one\ndata:\ndata: three {n}\n\n"], "message", "one\n\nthree {n}"),
        (["event: 時報\r\nid: {n}\r\ndata: {n} 点 🚀\r\n\r\n"], "時報", "{n} 点 🚀"),
        (["id: {n}\nda", "ta: cut {n}\n", "\n"], "message", "cut {n}"),
        # A mark stands for a cut inside the character behind it.
        (["id: {n}\ndata: 世|界 é|è 👩‍|👩 {n}\n", "\n"], "message", "世界 éè 👩‍👩 {n}"),
        ([":comment {n}\n", "id: {n}\ndata: a\r", "data: b\r\r"], "message", "a\nb"),
        (["\nevent: long\nid: {n}\n", "data: " + "長い" * 3000 + "\n\n"], "long", "長い" * 3000),
    ]
    for n in range(COUNT):
        writes, name, data = shapes[n % len(shapes)]
        pieces = [piece for text in writes for piece in cut(text.replace("{n}", str(n)))]
        yield pieces, {"event": name, "data": data.replace("{n}", str(n)), "id": str(n)}


def cut(text):
    """Bytes in pieces: at each mark the cut falls behind the next character's first byte."""
    first, *rest = text.split("|")
    piece = first.encode()
    for part in rest:
        data = part.encode()
        yield piece + data[:1]
        piece = data[1:]
    yield piece


async def lock_step(binary):
    from aiohttp import web

    started, over = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def handle(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        started.set_result(response)
        await over.wait()
        return response

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    programs = []
    try:
        await web.TCPSite(runner, HOST, 0).start()
        url = f"http://{HOST}:{runner.addresses[0][1]}/"
        out, into = os.pipe()
        curl = ("curl", "-q", "--noproxy", "*", "-sN", "--max-time", str(TOTAL_SECONDS), url)
        programs.append(await asyncio.create_subprocess_exec(*curl, stdout=into))
        programs.append(await asyncio.create_subprocess_exec(
            binary, "sse", stdin=out, stdout=subprocess.PIPE, limit=1 << 20,
        ))
        os.close(into)
        os.close(out)
        seen = asyncio.Queue()
        reading = asyncio.create_task(read(programs[1].stdout, seen))
        response = await asyncio.wait_for(started, EVENT_SECONDS)
        delays = await drive(response, seen)
        over.set()
        await asyncio.wait_for(reading, EVENT_SECONDS)
        assert seen.empty(), f"after the last event: {seen.get_nowait()}"
        for program in programs:
            code = await asyncio.wait_for(program.wait(), EVENT_SECONDS)
            assert code == 0, f"a program of the pipe ended with {code}"
        return delays
    finally:
        over.set()
        for program in programs:
            if program.returncode is None:
                program.kill()
                await program.wait()
        await runner.cleanup()


async def drive(response, seen):
    delays = []
    for n, (pieces, expected) in enumerate(events()):
        for piece in pieces[:-1]:
            await response.write(piece)
            await asyncio.sleep(PAUSE)
        assert seen.empty(), f"event {n} before it was complete: {seen.get_nowait()}"
        sent = time.perf_counter()
        await response.write(pieces[-1])
        try:
            got, at = await asyncio.wait_for(seen.get(), EVENT_SECONDS)
        except TimeoutError:
            raise AssertionError(f"event {n} has not come out: {pieces[-1][-40:]}") from None
        delays.append(at - sent)
        assert got == expected, f"event {n}: {got} instead of {expected}"
    return delays


async def read(stdout, seen):
    """Every event which comes out, and when; comments and the like are not looked at."""
    async for line in stdout:
        item = json.loads(line)
        if item.get("item") == "event":
            fields = {name: item.get(name) for name in ("event", "data", "id")}
            seen.put_nowait((fields, time.perf_counter()))


def into_venv():
    """Starts this script again with the tools' Python, where this one has no aiohttp."""
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        setup = 'source "$1"; need_apt curl curl; need_venv aiohttp; echo "$VENV_PYTHON"'
        argv = ["bash", "-euo", "pipefail", "-c", setup, "bash", str(TOOLS)]
        python = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        assert python != sys.executable, "aiohttp is installed and cannot be imported"
        os.execv(python, [python, *sys.argv])


async def main(binary):
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            delays = [delay * 1000 for delay in await lock_step(binary)]
    except (AssertionError, TimeoutError) as wrong:
        sys.exit(f"live_sse: FAILED: {wrong or 'out of time'}")
    print(
        f"live_sse: {len(delays)} events in lock step, "
        f"delay median {statistics.median(delays):.2f} ms, max {max(delays):.2f} ms"
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: live_sse.py BIN")
    into_venv()
    asyncio.run(main(sys.argv[1]))
