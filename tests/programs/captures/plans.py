"""What the programs are asked to send, and what a reader of it must therefore see.

The expectations come from here alone, never from recorded bytes. They name nothing which a newer
version of a program may do differently: no dates, no field lists, no cuts into chunks or frames.
"""

import base64
import hashlib

EMPTY = b""
# Looks like chunk framing and must not be taken for it.
UNEVEN = [b"a", b"0\r\n\r\n", b"x" * 4096, b"\r\n", "Grüße, 世界\n".encode(), bytes(range(256)) * 3]
UPLOAD = [b"first piece\n", b"5\r\nhello\r\n0\r\n\r\n", b"z" * 5000, "最後\n".encode()]
POST = '{"name":"Zoë","note":"一二三 🚀"}'
INCLUDED = "included: äöü\n"
INCLUDING = 'before\n<!--#include virtual="/included.txt" -->after\n'
INCLUDES_TO = f"before\n{INCLUDED}after\n"


def prose():
    """Text which deflates to many buffers' worth: digests do not repeat."""
    lines = (hashlib.sha256(b"%d" % n).hexdigest() for n in range(900))
    return "".join(f"{n:04} {line}\n" for n, line in enumerate(lines))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def body(data):
    """The part of a message's expectation about its body; None: the program makes the bytes."""
    if data is None:
        return {"body_sha256": None}
    data = data.encode() if isinstance(data, str) else data
    return {"body_sha256": sha256(data), "body_len": len(data)}


def request(method, target, data=EMPTY):
    return {"method": method, "target": target, **body(data)}


def response(status, data=EMPTY, **more):
    return {"status": status, **body(data), **more}


# --- event streams: (bytes as text, what they dispatch) ---


def event(name, data, last_id):
    return {"event": name, "data": data, "id": last_id}


# No blank after a comment's colon: readers differ in whether they take it off.
STREAM = [
    (":opened\n\n", None),
    ("retry: 2500\n\n", None),
    ("data: plain\n\n", event("message", "plain", "")),
    ("id: 1\nevent: greeting\ndata: 你好，世界\n\n", event("greeting", "你好，世界", "1")),
    (
        "data: first line\ndata: second line\ndata:\ndata:  indented\nid: 2\n\n",
        event("message", "first line\nsecond line\n\n indented", "2"),
    ),
    ("event: tick\ndata: 🚀 émoji 👩‍👩‍👧\nid: 3\n\n", event("tick", "🚀 émoji 👩‍👩‍👧", "3")),
    (":\n:keep-alive\n\n", None),
    ("data\n\n", event("message", "", "3")),
    ("event: no data, so no event\n\n", None),
    ("unknown: field\ndata:no blank\nid: vier-四\n\n", event("message", "no blank", "vier-四")),
    ("id\ndata: the id is gone\n\n", event("message", "the id is gone", "")),
    ("data: " + "長い" * 700 + "\n\n", event("message", "長い" * 700, "")),
    ("event: never\ndata: cut off by the end of the stream", None),
]
STREAM_EXPECT = {
    "events": [seen for _, seen in STREAM if seen],
    "retry": 2500,
    "comments": ["opened", "", "keep-alive"],
}

# Every kind of line end, behind a byte order mark.
LINE_ENDS = [
    ("\ufeffid: a\r\ndata: crlf\r\ndata: twice\r\n\r\n", event("message", "crlf\ntwice", "a")),
    ("id: b\rdata: cr\rdata: twice\r\r", event("message", "cr\ntwice", "b")),
    (":mixed\revent: m\ndata: one\r\ndata: two\rdata: three\n\r\n",
     event("m", "one\ntwo\nthree", "b")),
    ("data: \ufeffno mark here\n\n", event("message", "\ufeffno mark here", "b")),
]
LINE_ENDS_EXPECT = {
    "events": [seen for _, seen in LINE_ENDS if seen],
    "retry": None,
    "comments": ["mixed"],
}


def pieces(stream):
    return [text.encode() for text, _ in stream]


# --- WebSocket: steps which one side takes, in order ---
# {"text"}, {"binary": base64}, {"ping"}, or {"fragments": [base64], "binary": bool}, where
# {"ping"} may stand between two fragments. Then a close by one side, answered by the other.


def b64(data):
    return base64.b64encode(data).decode()


def text(data):
    return {"text": data}


def binary(data):
    return {"binary": b64(data)}


def ping(data=""):
    return {"ping": data}


def fragments(*parts, binary=False):
    return {"binary_fragments" if binary else "text_fragments": [
        part if isinstance(part, dict) else b64(part) for part in parts
    ]}


BYTES = bytes(range(256))
WORD = "日本語のテキスト".encode()

BROWSER_SENDS = [
    text("hello"),
    text("你好，世界 🚀"),
    text(""),
    binary(BYTES),
    text("large " * 3500),
    binary(b""),
]
BROWSER_GETS = [
    text("hello, browser"),
    text("ようこそ 👋"),
    ping("are you there"),
    binary(BYTES * 3),
    fragments("in ".encode(), "drei ".encode(), "Stücken".encode()),
    binary(b"\xff\x00" * 10 * 1024),
]
CLIENT_SENDS = [
    text("hello"),
    fragments("two ".encode(), "fragments — zwei Stücke".encode()),
    ping("one"),
    fragments(b"a", ping("within a message"), b"b", BYTES, binary=True),
    text("x" * 125),
    text("x" * 126),
    binary(b"\x00\xff" * 10 * 1024),
    text("結束"),
]
SERVER_SENDS = [
    text("welcome"),
    binary(BYTES),
    ping(),
    fragments("ein".encode(), "".encode(), "s".encode()),
    binary(b"large" * 4 * 1024),
    binary(b"q" * 126),
    ping("two"),
    text("再见 👋"),
]
# ws sends fragments as bytes, so it can cut inside a character.
SPLIT = [fragments(WORD[:4], ping("mid-character"), WORD[4:11], b"", WORD[11:])]


def steps_expect(steps, close):
    items, pings = [], 0
    for step in steps:
        [(kind, value)] = step.items()
        if kind == "ping":
            pings += 1
        elif kind == "text":
            items.append({"item": "text", "data": value})
        elif kind == "binary":
            items.append(binary_item(base64.b64decode(value)))
        else:
            pings += sum(isinstance(part, dict) for part in value)
            whole = b"".join(base64.b64decode(p) for p in value if isinstance(p, str))
            is_text = kind == "text_fragments"
            items.append(
                {"item": "text", "data": whole.decode()} if is_text else binary_item(whole)
            )
    code, reason = close
    return {"items": items, "pings": pings, "close": {"code": code, "reason": reason}}


def binary_item(data):
    return {"item": "binary", "sha256": sha256(data), "len": len(data)}


def messages_in(steps):
    """How many messages the other side has to see before it may close."""
    return sum("ping" not in step for step in steps)
