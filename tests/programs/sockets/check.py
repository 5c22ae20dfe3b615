"""check.py EXAMPLES: messages there and back between ours and other people's programs.

Each client compares what comes back with what it has sent, and says how much that was; what is checked
here is that it was all, that the handshake agreed on permessage-deflate, and that both closed.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from messages import LENGTHS, text
from programs import Server, holds, run
from servers import nginx_before
from tap import HOST

HERE = Path(__file__).parent
EXAMPLES = Path(sys.argv[1])
SECONDS = 100
EACH = 2 * sum(LENGTHS)  # bytes, as text and as bytes

NODE = ["node", HERE / "ws.mjs"]
CHROMIUM = ["node", HERE / "chromium.mjs", shutil.which("chromium")]


def python(library):
    return [sys.executable, HERE / "python.py", library]


async def output(*argv, stdin=None):
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*map(str, argv), stdin=stdin, stdout=pipe)
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, said


async def asks(name, *argv, ways):
    """A client of ours or theirs, which sends each message in so many ways."""
    begun = time.monotonic()
    status, said = await output(*argv)
    holds(f"{name}: ended with {status}", status == 0)
    answered = json.loads(said)
    extensions = answered["extensions"] or ""
    holds(f"{name}: {answered}", extensions.split(";")[0] == "permessage-deflate")
    all_of_it = {"messages": 4 * ways, "bytes": EACH * ways, "close": 1000}
    holds(f"{name}: {answered}", answered == {**all_of_it, "extensions": answered["extensions"]})
    took = time.monotonic() - begun
    print(
        f"{name}: {answered['messages']} messages, {answered['bytes']} bytes, {took:.1f} s; {extensions}",
        flush=True,
    )


async def websocat(url):
    """It knows of no extension, and sends what one read gives it as one message."""
    begun = time.monotonic()
    for length in LENGTHS:
        value = text(length).encode()
        with tempfile.TemporaryFile() as file:
            file.write(value)
            for kind in [["--text", "--no-line"], ["--binary"]]:
                file.seek(0)
                argv = ["websocat", "--one-message", "--no-close", *kind, "-B", 17 << 20, url]
                status, said = await output(*argv, stdin=file)
                holds(f"websocat: {status}, {len(said)} of {length} bytes", status == 0)
                holds("websocat: an echo is not equal", said == value)
    took = time.monotonic() - begun
    print(f"websocat: 4 messages, {EACH} bytes, {took:.1f} s; plain", flush=True)


async def our_server(folder):
    async with Server(EXAMPLES / "autobahn_server", "{host}:{port}") as server:
        url = f"ws://{HOST}:{server.port}/"
        await asks("Chromium", *CHROMIUM, url, ways=1)
        await websocat(url)
        async with nginx_before(folder, server.port) as proxy:
            through = proxy.replace("http:", "ws:") + "/live/"
            for name, argv, ways in [
                ("ws", NODE, 2),
                ("websockets", python("websockets"), 2),
                ("aiohttp", python("aiohttp"), 1),
            ]:
                await asks(name, *argv, "client", url, ways=ways)
                await asks(f"{name} behind nginx", *argv, "client", through, ways=ways)


async def their_servers():
    for name, argv in [
        ("ws", NODE),
        ("websockets", python("websockets")),
        ("aiohttp", python("aiohttp")),
    ]:
        async with Server(*argv, "server", "{port}") as server:
            begun = time.monotonic()
            status, said = await output(EXAMPLES / "echo_client", f"{HOST}:{server.port}")
            said = said.decode().rstrip()
            agreed = "extensions: permessage-deflate" in said
            holds(f"echo_client at {name}: {status}, {said}", status == 0 and agreed)
            print(f"echo_client at {name}: {said}; {time.monotonic() - begun:.1f} s", flush=True)


async def main():
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.gather(our_server(Path(folder)), their_servers())


run("sockets", main, SECONDS)
