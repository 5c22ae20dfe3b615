"""llm.py aiohttp|starlette PORT: the tokens of an answer, as a language model's server sends them.

Each is an event with an id, after the one that `Last-Event-ID` names; the last says [DONE]. Each
request is told on stdout by the id that it brings.
"""

import asyncio
import json
import sys

PIECES = ("The", " answer", " is", "", ",", " na\u00efve", " \u65e5\u672c", " \U0001f600", ".\n")


def token(n):
    delta = {"choices": [{"index": n, "delta": {"content": PIECES[n % len(PIECES)]}}]}
    return json.dumps(delta, ensure_ascii=n % 2 == 0)


TOKENS = [token(n) for n in range(150)]
PAUSE = 0.02  # fifty tokens a second
RETRY = 250


def asked_after(headers):
    after = int(headers.get("Last-Event-ID", "0"))
    print(after, flush=True)
    return after


def with_aiohttp(port):
    from aiohttp import web

    async def stream(request):
        after = asked_after(request.headers)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"retry: %d\n\n" % RETRY)
        for n, token in enumerate(TOKENS[after:], after + 1):
            await response.write(f"id: {n}\ndata: {token}\n\n".encode())
            await asyncio.sleep(PAUSE)
        await response.write(b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_get("/v1/answer", stream)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


def with_starlette(port):
    import uvicorn
    from sse_starlette import EventSourceResponse, ServerSentEvent
    from starlette.applications import Starlette
    from starlette.routing import Route

    async def events(after):
        yield ServerSentEvent(comment="an answer", retry=RETRY)
        for n, token in enumerate(TOKENS[after:], after + 1):
            yield ServerSentEvent(token, id=str(n))
            await asyncio.sleep(PAUSE)
        yield ServerSentEvent("[DONE]")

    async def stream(request):
        return EventSourceResponse(events(asked_after(request.headers)))

    app = Starlette(routes=[Route("/v1/answer", stream)])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    {"aiohttp": with_aiohttp, "starlette": with_starlette}[sys.argv[1]](int(sys.argv[2]))
