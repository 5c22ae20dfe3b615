"""The servers that the client is shown to: nginx, aiohttp, and one that sends bytes as they are."""

import asyncio
import hashlib
import re
import socket
import struct
from contextlib import asynccontextmanager

from aiohttp import web

from nginx import nginx
from tap import HOST, running

TEXT = "".join(f"{n:05} {hashlib.sha256(b'%d' % n).hexdigest()}\n" for n in range(2000)).encode()

# --- nginx ---

HTTP = """
map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
upstream live {{ server {host}:{upstream}; keepalive 8; }}
"""
SERVER = """
location /trailers/ { alias FOLDER/www/; add_trailer X-Sum "three words here"; }
location /closing/ { alias FOLDER/www/; chunked_transfer_encoding off; }
location /live/ {
    proxy_pass http://live/;
    proxy_http_version 1.1;
    proxy_set_header Connection $connection_upgrade;
    proxy_set_header Upgrade $http_upgrade;
    proxy_buffering off;
    proxy_request_buffering off;
    client_max_body_size 0;
}
"""


@asynccontextmanager
async def nginx_before(folder, upstream):
    """A file, and a proxy to the server at the port `upstream`."""
    http = HTTP.format(host=HOST, upstream=upstream)
    async with nginx(folder, {"text.txt": TEXT}, http=http, server=SERVER) as port:
        yield f"http://{HOST}:{port}"


# --- aiohttp ---


async def with_length(_request):
    return web.Response(body=TEXT)


async def chunked(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for at in range(0, len(TEXT), 1000):
        await response.write(TEXT[at : at + 1000])
    return response


async def echo(request):
    """Sends back each piece as it comes, whether or not the rest is still to be sent."""
    response = web.StreamResponse()
    if request.content_length is not None:
        response.content_length = request.content_length
    response.headers["X-Request"] = request.headers.get("Transfer-Encoding", "length")
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    return response


async def refuse(_request):
    raise web.HTTPExpectationFailed(text="no")


async def cut(request):
    """Half a body, with a length or in chunks, and the connection's end."""
    response = web.StreamResponse()
    if request.match_info["framing"] == "length":
        response.content_length = 1000
    await response.prepare(request)
    await response.write(b"x" * 500)
    request.transport.close()
    return response


@asynccontextmanager
async def aiohttp_server():
    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/length", with_length)
    app.router.add_get("/chunked", chunked)
    app.router.add_post("/echo", echo)
    app.router.add_post("/refuse", echo, expect_handler=refuse)
    app.router.add_get("/cut/{framing}", cut)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


# --- bytes ---

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ANSWERS = {
    "/hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nA: b\r\n\r\n",
    "/http10": b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    "/leaves": OK,
    "/drops": OK,
    "/more": OK + OK,
    "/closes": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "/refuses": b"HTTP/1.1 417 No\r\nContent-Length: 5\r\n\r\n",
    "/reset": b"HTTP/1.1 200 OK\r\n\r\nnot the end",
    "/both": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "/silent": b"",
}


async def answer(reader, writer):
    """Answers one connection's requests, and ends it as their target says."""
    answered = set()
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(b" ")[1].decode()
            if target == "/drops" and target in answered:
                return  # as a server whose patience ends just as it is asked again
            answered.add(target)
            writer.write(ANSWERS[target])
            await writer.drain()
            if target == "/refuses":
                writer.write(await sends_on(reader))
            if target in ("/http10", "/leaves", "/silent"):
                return
            if target == "/reset":
                await asyncio.sleep(0.2)
                reset = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, reset
                )
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def sends_on(reader):
    try:
        async with asyncio.timeout(0.3):
            return b"bytes" if await reader.read(1) else b"end.."
    except TimeoutError:
        return b"quiet"


@asynccontextmanager
async def bytes_server():
    async with await asyncio.start_server(answer, HOST, 0) as server:
        yield f"http://{HOST}:{server.sockets[0].getsockname()[1]}"


# --- the server of this crate ---


@asynccontextmanager
async def live_server(binary):
    """Yields its port; it must stop when asked, with nothing to complain about."""
    pipe = asyncio.subprocess.PIPE
    async with running(binary, "--port", 0, stdout=pipe, stderr=pipe) as process:
        first = await process.stdout.readline()
        yield int(re.search(rb"http://127.0.0.1:(\d+)/", first)[1])
        process.send_signal(2)
        _, complaint = await process.communicate()
        if process.returncode or complaint:
            raise RuntimeError(f"live ended with {process.returncode}: {complaint.decode()}")
