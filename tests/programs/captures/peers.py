"""The Python peers: an aiohttp server, and websockets on both sides."""

import asyncio
import base64
import hashlib
from contextlib import asynccontextmanager

from aiohttp import web
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

import plans
from tap import HOST

# --- aiohttp ---


async def stream(request, pieces, content_type, pause=0.01):
    """One write per piece, with time for each to leave: otherwise they share a chunk."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
        await asyncio.sleep(pause)
    await response.write_eof()
    return response


async def uneven(request):
    return await stream(request, plans.UNEVEN, "application/octet-stream")


async def event_stream(request):
    return await stream(request, plans.pieces(plans.STREAM), "text/event-stream")


async def line_ends(request):
    return await stream(request, plans.pieces(plans.LINE_ENDS), "text/event-stream")


async def upload(request):
    digest = hashlib.sha256(await request.read()).hexdigest()
    return web.Response(text=upload_answer(digest))


def upload_answer(digest):
    return f"got {digest}\n"


async def page(_request):
    # The icon is inline so that the browser asks for nothing on its own.
    return once(web.Response(
        text='<!doctype html><link rel="icon" href="data:,"><title>page</title>',
        content_type="text/html",
    ))


async def post(request):
    await request.read()
    return once(web.Response(text="thanks"))


async def reconnect(request):
    """A stream which ends after one event, so that the browser comes back with its id."""
    again = "Last-Event-ID" in request.headers
    data = "again" if again else "first"
    response = once(web.StreamResponse(headers={"Content-Type": "text/event-stream"}))
    await response.prepare(request)
    await response.write(f"retry: 50\nid: sieben-七\ndata: {data}\n\n".encode())
    await response.write_eof()
    return response


def once(response):
    """Ends the connection, so that each of a browser's requests has a capture of its own."""
    response.force_close()
    return response


@asynccontextmanager
async def http_server():
    app = web.Application()
    app.router.add_get("/uneven", uneven)
    app.router.add_get("/events", event_stream)
    app.router.add_get("/line-ends", line_ends)
    app.router.add_put("/upload", upload)
    app.router.add_get("/page", page)
    app.router.add_post("/post", post)
    app.router.add_get("/reconnect", reconnect)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


# --- websockets ---

# Nothing on its own account: no extension, no keepalive.
PLAIN = {"compression": None, "ping_interval": None}


async def take(socket, steps):
    """Takes the steps of one side, as `plans` describes them."""
    for step in steps:
        [(kind, value)] = step.items()
        if kind == "text":
            await socket.send(value)
        elif kind == "binary":
            await socket.send(base64.b64decode(value))
        elif kind == "ping":
            await socket.ping(value)
        else:
            await socket.send(parts(socket, value, as_text=kind == "text_fragments"))


async def parts(socket, values, as_text):
    for value in values:
        if isinstance(value, dict):
            await socket.ping(value["ping"])
        else:
            data = base64.b64decode(value)
            yield data.decode() if as_text else data


@asynccontextmanager
async def websocket_server(steps):
    async def handle(socket):
        await take(socket, steps)
        await socket.wait_closed()

    async with serve(handle, HOST, 0, **PLAIN) as server:
        yield server.sockets[0].getsockname()[1]


async def websocket_client(url, steps, receives, close):
    async with connect(url, proxy=None, **PLAIN) as socket:
        await take(socket, steps)
        for _ in range(receives):
            await socket.recv()
        await socket.close(*close)
