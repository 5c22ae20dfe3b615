"""python.py LIBRARY client URL | server PORT: Python's WebSocket libraries, in either role."""

import asyncio
import json
import sys

import aiohttp
import websockets.asyncio.client
import websockets.asyncio.server
from aiohttp import web

from messages import messages, pieces

HOST = "127.0.0.1"


def count(answered, message, echo):
    if echo != message:
        raise ValueError("an echo is not equal")
    answered["messages"] += 1
    answered["bytes"] += len(message.encode() if isinstance(message, str) else message)


async def websockets_client(url):
    async with websockets.asyncio.client.connect(url, max_size=None, proxy=None) as socket:
        answered = {"messages": 0, "bytes": 0}
        answered["extensions"] = socket.response.headers.get("Sec-WebSocket-Extensions")
        for message in messages():
            for whole in [True, False]:
                # Pieces are sent as fragments.
                await socket.send(message if whole else pieces(message))
                count(answered, message, await socket.recv())
    answered["close"] = socket.close_code
    return answered


async def websockets_server(port):
    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with websockets.asyncio.server.serve(echo, HOST, port, max_size=None) as server:
        await server.serve_forever()


async def aiohttp_client(url):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url, compress=15, max_msg_size=0) as socket:
            answered = {"messages": 0, "bytes": 0}
            answered["extensions"] = socket._response.headers.get("Sec-WebSocket-Extensions")
            for message in messages():
                if isinstance(message, str):
                    await socket.send_str(message)
                else:
                    await socket.send_bytes(message)
                count(answered, message, (await socket.receive(30)).data)
            await socket.close()
            answered["close"] = socket.close_code
    return answered


async def aiohttp_server(port):
    async def echo(request):
        socket = web.WebSocketResponse(compress=True, max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                await socket.send_str(message.data)
            else:
                await socket.send_bytes(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    await asyncio.Event().wait()


library, role, where = sys.argv[1:]
if role == "client":
    print(json.dumps(asyncio.run(globals()[f"{library}_client"](where))))
else:
    asyncio.run(globals()[f"{library}_server"](int(where)))
