"""Records real programs which talk to each other on 127.0.0.1; see record.sh.

Each scenario starts a server, puts a Tap in front of it, drives a client through the Tap and keeps
what went over the wire, one direction to a file.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

import peers
import plans
from nginx import nginx
from plans import request, response, steps_expect
from tap import HOST, Direction, Index, Tap, run, running

HERE = Path(__file__).parent
SCENARIO_SECONDS = 60
# Neither a user's settings nor a proxy of the environment has a say in what is sent.
CURL = ("curl", "-q", "--noproxy", "*", "--silent", "--show-error", "--max-time", "20")
QUIET = ("--output", "/dev/null")


async def nginx_to_curl(index):
    async with peers.http_server() as upstream, recorded_nginx(upstream) as port:
        async with Tap(port) as tap:
            await run(*CURL, *QUIET, "--compressed", url(tap, "/prose.txt"))
            kept = await tap.only()
        index.keep(
            "nginx-gzip-chunked.response", kept.response, **by("nginx"),
            what="a text file which nginx compresses on the fly, chunked because of that",
            expect={"messages": [response(200, None)]},
        )
        index.keep(
            "curl-compressed.request", kept.request, **by("curl"),
            what="a GET which accepts every coding curl knows",
            expect={"messages": [request("GET", "/prose.txt")]},
        )

        async with Tap(port) as tap:
            await run(*CURL, *QUIET, url(tap, "/proxied/uneven"))
            kept = await tap.only()
        index.keep(
            "nginx-proxied-chunked.response", kept.response, **by("nginx"),
            what="an upstream's chunked response, chunked anew by nginx as it arrives",
            expect={"messages": [response(200, b"".join(plans.UNEVEN))]},
        )

        async with Tap(port) as tap:
            await run(*CURL, *QUIET, "--http1.0", url(tap, "/including.html"))
            kept = await tap.only()
        index.keep(
            "nginx-until-close.response", kept.response, **by("nginx"),
            what="a response of unknown length to an HTTP/1.0 client: it ends with the connection",
            expect={"messages": [response(200, plans.INCLUDES_TO)]},
        )

        async with Tap(port) as tap:
            then = ("--next", "--silent", "--noproxy", "*", *QUIET)
            await run(
                *CURL, *QUIET, url(tap, "/including.html"),
                *then, url(tap, "/included.txt"),
                *then, "--header", "If-None-Match: *", url(tap, "/included.txt"),
                *then, url(tap, "/nothing"),
                *then, url(tap, "/missing?a=b&c=%20"),
                *then, url(tap, "/proxied/uneven"),
            )
            kept = await tap.only()
        index.keep(
            "nginx-keep-alive.response", kept.response, **by("nginx"),
            what="one connection: chunked, Content-Length, 304, 204, an error page, chunked",
            expect={"messages": [
                response(200, plans.INCLUDES_TO),
                response(200, plans.INCLUDED),
                response(304),
                response(204),
                response(404, None),
                response(200, b"".join(plans.UNEVEN)),
            ]},
        )
        index.keep(
            "curl-keep-alive.request", kept.request, **by("curl"),
            what="six GETs over one connection, one of them conditional",
            expect={"messages": [
                request("GET", "/including.html"),
                request("GET", "/included.txt"),
                request("GET", "/included.txt"),
                request("GET", "/nothing"),
                request("GET", "/missing?a=b&c=%20"),
                request("GET", "/proxied/uneven"),
            ]},
        )


async def aiohttp_to_curl(index):
    async with peers.http_server() as port:
        async with Tap(port) as tap:
            await run(*CURL, *QUIET, url(tap, "/uneven"))
            kept = await tap.only()
        index.keep(
            "aiohttp-chunked.response", kept.response, **by("aiohttp"),
            what="a streamed body in uneven writes, with bytes which look like chunk framing",
            expect={"messages": [response(200, b"".join(plans.UNEVEN))]},
        )

        async with Tap(port) as tap:
            await run(*CURL, *QUIET, "--no-buffer", url(tap, "/events"))
            kept = await tap.only()
        index.keep(
            "aiohttp-events.response", kept.response, **by("aiohttp"),
            what="an event stream as a chunked response, an event to a write",
            expect={"messages": [response(200, b"".join(plans.pieces(plans.STREAM)))]},
        )

        async with Tap(port) as tap, scratch() as folder:
            for path, file, what, expect in (
                ("/events", "aiohttp-events.sse",
                 "an event stream's body as curl passes it on, with an unfinished end",
                 plans.STREAM_EXPECT),
                ("/line-ends", "aiohttp-line-ends.sse",
                 "an event stream's body with a byte order mark and every kind of line end",
                 plans.LINE_ENDS_EXPECT),
            ):
                out = folder / file
                await run(*CURL, "--no-buffer", "--output", out, url(tap, path))
                await tap.ended()
                whole = Direction(bytearray(out.read_bytes()), eof=True)
                index.keep(file, whole, **by("aiohttp"), what=what, expect=expect)

        async with Tap(port) as tap:
            await run(
                *CURL, *QUIET, "--upload-file", "-", "--header", "Transfer-Encoding: chunked",
                "--header", "Expect: 100-continue", "--expect100-timeout", "10",
                url(tap, "/upload"), stdin=plans.UPLOAD,
            )
            kept = await tap.only()
        sent = b"".join(plans.UPLOAD)
        index.keep(
            "curl-upload-chunked.request", kept.request, **by("curl"),
            what="an upload of unknown length, chunked, sent after 100 Continue",
            expect={"messages": [request("PUT", "/upload", sent)]},
        )
        answer = peers.upload_answer(plans.sha256(sent))
        index.keep(
            "aiohttp-continue.response", kept.response, **by("aiohttp"), method="PUT",
            what="100 Continue, then the answer to the upload",
            expect={"messages": [response(200, answer, interim=[100])]},
        )


async def chromium(index):
    close = (1000, "done")
    async with (
        peers.http_server() as http, Tap(http) as page,
        peers.websocket_server(plans.BROWSER_GETS) as ws, Tap(ws) as socket,
    ):
        target = "/page?q=%C3%A9t%C3%A9&list[]=1"
        plan = {
            "chromium": shutil.which("chromium"),
            "page": url(page, target),
            "post": url(page, "/post"),
            "body": plans.POST,
            "events": url(page, "/reconnect"),
            "socket": url(socket, "/chat?room=1", "ws"),
            "steps": plans.BROWSER_SENDS,
            "receives": plans.messages_in(plans.BROWSER_GETS),
            "close": close,
        }
        await run("node", HERE / "browser.mjs", json.dumps(plan))
        await page.ended()
        kept = await socket.only()

    [got] = [c for c in page.connections if c.starts("GET /page")]
    index.keep(
        "chromium-get.request", got.request, **by("chromium"),
        what="a page's GET with all its fields",
        expect={"messages": [request("GET", target)]},
    )
    [got] = [c for c in page.connections if c.starts("POST /post")]
    index.keep(
        "chromium-post.request", got.request, **by("chromium"),
        what="a fetch() which posts JSON with non-ASCII text",
        expect={"messages": [request("POST", "/post", plans.POST)]},
    )
    [got] = [c for c in page.connections if c.starts("GET /reconnect", "\r\nlast-event-id:")]
    index.keep(
        "chromium-eventsource.request", got.request, **by("chromium"),
        what="an EventSource which reconnects; its Last-Event-ID is UTF-8",
        expect={"messages": [request("GET", "/reconnect")]},
    )
    keep_websocket(
        index, kept, "/chat?room=1", close,
        client=("chromium-websocket.request", "chromium", plans.BROWSER_SENDS,
                "text, CJK, binary, empty and large messages from a page, closed by it"),
        server=("websockets-to-chromium.response", "websockets", plans.BROWSER_GETS,
                "text, a ping, fragments and a large binary to a page, its close answered"),
    )


async def websockets_to_websockets(index):
    close = (1000, "fertig")
    async with peers.websocket_server(plans.SERVER_SENDS) as port, Tap(port) as tap:
        await peers.websocket_client(
            url(tap, "/", "ws"), plans.CLIENT_SENDS, plans.messages_in(plans.SERVER_SENDS), close
        )
        kept = await tap.only()
    keep_websocket(
        index, kept, "/", close,
        client=("websockets-client.request", "websockets", plans.CLIENT_SENDS,
                "fragments around a ping, lengths at 125 and 126, a large binary, a close"),
        server=("websockets-server.response", "websockets", plans.SERVER_SENDS,
                "pings, fragments with an empty one, a large binary, the close answered"),
    )


async def ws_to_ws(index):
    for kind, client, server, closer, close, words in (
        ("", plans.CLIENT_SENDS, plans.SERVER_SENDS, "server", (4001, "bye, 再见"),
         ("fragments around a ping, lengths at 125 and 126, a large binary, the close answered",
          "pings, fragments with an empty one, a large binary, a close with a private code")),
        ("-split", plans.SPLIT, plans.SPLIT, "client", (),
         ("one text cut inside its characters, with a ping there, and a close without a code",
          "one text cut inside its characters, with a ping there, and the empty close answered")),
    ):
        plan = {"client": client, "server": server, "closer": closer, "close": close}
        pipe = asyncio.subprocess.PIPE
        peer = running("node", HERE / "ws_peer.mjs", json.dumps(plan), stdin=pipe, stdout=pipe)
        async with peer as process:
            port = int(await process.stdout.readline())
            async with Tap(port) as tap:
                process.stdin.write(url(tap, "/a/b?c", "ws").encode() + b"\n")
                assert await process.wait() == 0
                kept = await tap.only()
        keep_websocket(
            index, kept, "/a/b?c", close or (None, ""),
            client=(f"ws-client{kind}.request", "ws", client, words[0]),
            server=(f"ws-server{kind}.response", "ws", server, words[1]),
        )


def keep_websocket(index, kept, target, close, *, client, server):
    """Both directions. Each is decoded by the role of the side which received it."""
    file, program, steps, what = client
    index.keep(
        file, kept.request, **by(program), what=what, then="ws", role="server",
        expect={"messages": [request("GET", target)], **steps_expect(steps, close)},
    )
    file, program, steps, what = server
    index.keep(
        file, kept.response, **by(program), what=what, then="ws", role="client",
        expect={"messages": [response(101)], **steps_expect(steps, close)},
    )


# --- nginx ---

NGINX = """
location = /including.html {{ ssi on; }}
location = /nothing {{ return 204; }}
location /proxied/ {{
    proxy_pass http://{host}:{upstream}/;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_buffering off;
}}
"""


@asynccontextmanager
async def recorded_nginx(upstream):
    files = {
        "prose.txt": plans.prose(), "included.txt": plans.INCLUDED, "including.html": plans.INCLUDING,
    }
    files = {name: text.encode() for name, text in files.items()}
    async with scratch() as folder:
        async with nginx(folder, files, server=NGINX.format(host=HOST, upstream=upstream)) as port:
            yield port


# --- small things ---


@asynccontextmanager
async def scratch():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def url(tap, target, scheme="http"):
    return f"{scheme}://{HOST}:{tap.port}{target}"


VERSIONS = {}


def by(program):
    return {"program": program, "version": VERSIONS[program]}


async def ask_versions():
    for program, argv in (
        ("nginx", ("nginx", "-e", "stderr", "-v")),
        ("curl", ("curl", "--version")),
        ("chromium", ("chromium", "--version")),
    ):
        pipe = asyncio.subprocess.PIPE
        async with running(*argv, stdout=pipe, stderr=asyncio.subprocess.STDOUT) as process:
            said, _ = await process.communicate()
        number = re.search(rb"\d+\.[\d.]+", said)[0].decode()
        VERSIONS[program] = f"{program}/{number}"
    for program in ("aiohttp", "websockets"):
        VERSIONS[program] = f"{program}/{version(program)}"
    package = Path(os.environ["NODE_TOOLS"], "node_modules/ws/package.json")
    VERSIONS["ws"] = "ws/" + json.loads(package.read_text())["version"]


async def main(out):
    task = asyncio.current_task()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    index = Index()
    await ask_versions()
    for scenario in (
        nginx_to_curl, aiohttp_to_curl, chromium, websockets_to_websockets, ws_to_ws
    ):
        async with asyncio.timeout(SCENARIO_SECONDS):
            await scenario(index)
    index.write(out)
    print(f"{len(index.files)} captures, {sum(map(len, index.files.values()))} bytes")


if __name__ == "__main__":
    # Whatever the programs leave behind for their user goes away with this folder.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        os.environ |= {"HOME": home, "TMPDIR": home}
        tempfile.tempdir = home
        Path(home).chmod(0o755)  # started by root, nginx reads as another user
        try:
            asyncio.run(main(Path(sys.argv[1]).absolute()))
        except asyncio.CancelledError:
            sys.exit("record: stopped")
