"""One reading of a stream by each decoder, in the same shape."""

import base64
import json
import subprocess
import threading
from dataclasses import dataclass, field

import h11
import httptools

BLANKS = b" \t"


@dataclass
class Message:
    start: tuple  # (method, target, version) or (status, version)
    fields: list
    body: bytes = b""
    trailers: list = field(default_factory=list)
    ended: bool = False


@dataclass
class Reading:
    messages: list = field(default_factory=list)
    # complete: nothing is left open. partial: more is needed. upgrade: the rest is not HTTP's.
    verdict: str = "complete"
    error: str = ""  # our kind of error, or their words
    at: int = 0  # of our error, or where an upgrade begins
    end: int | None = None  # of the connection's last message, where more came


def pairs(fields):
    """Names in lower case, values without the blanks around them."""
    return [pair(bytes(name).lower(), bytes(value).strip(BLANKS)) for name, value in fields]


def pair(name, value):
    # The names of codings have no case, and h11 hands them out in lower case.
    return name, value.lower() if name == b"transfer-encoding" else value


# Ours.

class Ours:
    """One process for all: three answers a stream."""

    def __init__(self, binary, streams):
        self.process = subprocess.Popen(
            [binary, "batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 20
        )
        # What is written waits for what is read, so a thread of its own writes.
        self.writer = threading.Thread(target=self.write, args=(streams,), daemon=True)
        self.writer.start()

    def write(self, streams):
        with self.process.stdin as out:
            for stream in streams:
                job = {
                    "id": stream.number, "kind": stream.kind, "method": stream.method,
                    "input": base64.b64encode(stream.wire).decode(),
                }
                ways = ({"eof": True}, {"eof": True, "options": {"chunks": stream.cuts}}, {})
                for way in ways:
                    out.write(json.dumps(job | way).encode() + b"\n")

    def read(self, stream):
        """The readings up to the end of the connection, and before it."""
        whole, cut, open_ = (json.loads(self.process.stdout.readline()) for _ in range(3))
        for answer in (whole, cut):
            # A fault in a piece that is gone cannot be pointed at by what is left of the input.
            if answer["error"]:
                del answer["consumed"]
        assert whole == cut, f"cut in {stream.cuts}, {stream.wire} is read as {cut}, not {whole}"
        size = len(stream.wire)
        closed, open_ = reading_of(whole, size), reading_of(open_, size)
        if closed.error == "Truncated":
            open_.verdict = closed.verdict
        return closed, open_

    def close(self):
        self.writer.join()
        assert self.process.stdout.read() == b"", "more answers than jobs"
        assert self.process.wait() == 0, "inspect has failed"


def reading_of(answer, size):
    reading = Reading()
    for item in answer["items"]:
        add_item(reading, item)
    error = answer["error"]
    if error and error["kind"] != "Truncated":
        reading.verdict = "rejected"
    elif error or (reading.messages and not reading.messages[-1].ended):
        reading.verdict = "partial"
    if error:
        reading.error, reading.at = error["kind"], error["at"]
    elif reading.verdict == "upgrade":
        reading.at = answer["consumed"]
    elif not error and answer["consumed"] < size:
        reading.end = answer["consumed"]
        assert not persists(reading.messages[-1]), f"read no further than {reading}"
    return reading


def persists(message):
    """Whether another message may follow on the connection (RFC 9112 9.3)."""
    values = [value for name, value in message.fields if name == b"connection"]
    options = [option.strip(BLANKS).lower() for value in values for option in value.split(b",")]
    return b"close" not in options and (message.start[-1] == "1.1" or b"keep-alive" in options)


def add_item(reading, item):
    match item["item"]:
        case "request":
            start = (item["method"].encode(), item["target"].encode(), item["version"])
            reading.messages.append(Message(start, our_fields(item)))
        case "response" | "informational" as name:
            message = Message((item["status"], item["version"]), our_fields(item))
            message.ended = name == "informational"
            reading.messages.append(message)
        case "data":
            reading.messages[-1].body += base64.b64decode(item["bytes"])
        case "trailers":
            reading.messages[-1].trailers = our_fields(item)
        case "end":
            reading.messages[-1].ended = True
        case "upgrade":
            reading.verdict = "upgrade"
        case other:
            raise AssertionError(f"an item {other}")


def our_fields(item):
    return pairs((name.encode(), value.encode("latin-1")) for name, value in item["fields"])


# h11: a connection for each message, since ending an exchange is not what is compared.

FIELDS_OF_REQUEST = [("Host", "a"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
REQUESTS = {
    method: h11.Request(method=method, target="a:1", headers=FIELDS_OF_REQUEST)
    for method in ("GET", "HEAD", "CONNECT")
}
UNBOUNDED = 1 << 40


def read_h11(stream):
    """Up to the end of the connection."""
    reading, rest = Reading(), stream.wire
    try:
        while rest and reading.verdict == "complete":
            rest = h11_message(stream, rest, reading)
    except h11.RemoteProtocolError as error:
        reading.error = str(error).split(":")[0]
        # The second: behind a 1xx.
        ends = ("closed connection", "event type ConnectionClosed")
        ended = any(words in reading.error for words in ends)
        reading.verdict = "partial" if ended else "rejected"
    if reading.verdict == "upgrade":
        reading.at = len(stream.wire) - len(rest)
    return reading


def h11_connection(stream):
    if stream.kind == "request":
        return h11.Connection(h11.SERVER, max_incomplete_event_size=UNBOUNDED)
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=UNBOUNDED)
    connection.send(REQUESTS[stream.method])
    connection.send(h11.EndOfMessage())
    return connection


def h11_message(stream, rest, reading):
    """Reads one message, with those of 1xx in front of it; what is left of the input."""
    connection = h11_connection(stream)
    connection.receive_data(rest)
    connection.receive_data(b"")
    while True:
        event = connection.next_event()
        switched = connection.their_state in (h11.MIGHT_SWITCH_PROTOCOL, h11.SWITCHED_PROTOCOL)
        if add_event(reading, event, switched):
            return connection.trailing_data[0]


def add_event(reading, event, switched):
    """Whether the message is over."""
    if isinstance(event, h11.Request):
        start = (event.method, event.target, event.http_version.decode())
        reading.messages.append(Message(start, pairs(event.headers)))
    elif isinstance(event, (h11.Response, h11.InformationalResponse)):
        message = Message((event.status_code, event.http_version.decode()), pairs(event.headers))
        message.ended = isinstance(event, h11.InformationalResponse)
        reading.messages.append(message)
    elif isinstance(event, h11.Data):
        reading.messages[-1].body += event.data
        return False
    elif isinstance(event, h11.EndOfMessage):
        reading.messages[-1].trailers = pairs(event.headers)
    elif event is h11.NEED_DATA:
        raise AssertionError("h11 waits behind the end of the connection")
    over = isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)) or event is h11.PAUSED
    if over or switched:
        if reading.messages:
            reading.messages[-1].ended = True
        reading.verdict = "upgrade" if over and switched else reading.verdict
    return over


# llhttp: it can be told neither the method that a response answers nor the end of the connection.

class Callbacks:
    def __init__(self, stream):
        self.reading = Reading()
        self.request = stream.kind == "request"
        make = httptools.HttpRequestParser if self.request else httptools.HttpResponseParser
        self.parser = make(self)
        # Whether a connection goes on is not what is compared.
        self.parser.set_dangerous_leniencies(lenient_keep_alive=True)
        self.fields, self.begun = [], False

    def on_message_begin(self):
        self.begun, self.fields, self.target = True, [], b""

    def on_url(self, url):
        self.target += url

    def on_header(self, name, value):
        self.fields.append((name, value))

    def on_headers_complete(self):
        version = self.parser.get_http_version()
        if self.request:
            start = (self.parser.get_method(), self.target, version)
        else:
            start = (self.parser.get_status_code(), version)
        self.reading.messages.append(Message(start, pairs(self.fields)))
        self.fields = []

    def on_body(self, body):
        self.reading.messages[-1].body += body

    def on_message_complete(self):
        message = self.reading.messages[-1]
        message.ended, message.trailers = True, pairs(self.fields)
        self.begun = False


def read_llhttp(stream):
    """Before the end of the connection."""
    callbacks = Callbacks(stream)
    reading = callbacks.reading
    try:
        callbacks.parser.feed_data(stream.wire)
        reading.verdict = "partial" if callbacks.begun else "complete"
    except httptools.HttpParserUpgrade as upgrade:
        reading.verdict, reading.at = "upgrade", upgrade.args[0]
    except httptools.HttpParserError as error:
        cause = error.__context__
        assert cause is None or isinstance(cause, httptools.HttpParserError), cause
        reading.verdict, reading.error = "rejected", f"{error}" or type(error).__name__
    return reading


def peers_of(stream, closed, open_):
    """Who has read the stream, our reading to compare theirs with, and theirs."""
    yield "h11", closed, read_h11(stream)
    if stream.method == "GET":
        yield "llhttp", open_, read_llhttp(stream)
