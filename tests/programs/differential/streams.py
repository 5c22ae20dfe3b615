"""Streams of HTTP/1.1 messages: good ones, and what becomes of them when a few bytes change."""

import os
import random
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Stream:
    number: int
    kind: str  # request or response
    method: str  # of the requests that the responses answer
    wire: bytes
    cuts: list  # lengths of the pieces to decode it in, but for the last one


def generated(seed, count):
    """Each stream has a generator of its own: one can be made again without those before it."""
    for number in range(count):
        rng = random.Random(seed << 32 | number)
        kind = rng.choice(("request", "response"))
        method = "GET"
        if kind == "response":
            method = rng.choices(("GET", "HEAD", "CONNECT"), (10, 1, 1))[0]
        wire = messages(rng, kind, method)
        if rng.random() < 0.75:
            wire = mutated(rng, wire)
        yield Stream(number, kind, method, wire, cuts(rng, wire))


def corpus(seed, number):
    """The seeds of others, if they are at hand, as they are and mutated, read as both kinds."""
    folder = os.environ.get("WIREFEED_VECTORS")
    if not folder:
        return
    for path in sorted(Path(folder, "seeds", "http1").iterdir()):
        whole = path.read_bytes()[:8192]
        for copy in range(6):
            rng = random.Random(seed << 32 | number)
            wire = mutated(rng, whole) if copy > 1 else whole
            kind = ("request", "response")[copy % 2]
            yield Stream(number, kind, "GET", wire, cuts(rng, wire))
            number += 1


def cuts(rng, wire):
    ends = sorted(rng.randrange(len(wire) + 1) for _ in range(rng.choice((1, 1, 2, 5))))
    return [end - start for start, end in zip([0, *ends], ends)]


# Good messages.

METHODS = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH", "PURGE"] * 5 + ["BREW", "m-x!"]
TARGETS = ["/", "/a?b=c&d", "http://a.example/x", "a+b-1.c://a", "/%7e/x.y", "/" + "long/" * 20, "/[x]|{y}"]
REASONS = ["OK", "", "Not Found", "With  blanks\tand \xe9", "x" * 40]
FIELDS = [
    "Accept: */*", "accept-encoding: gzip, br", "Cookie: a=b; c=\"d\"", "X-Empty:", "X-Blank: \t ",
    "X-Long: " + "value " * 12, "x_y.z!#$%&'*+^`|~: 1", "X-High: \xe9\xff", "Date: \tnow \t",
    "Transfer_Encoding: chunked", "Content-Lengthx: 7", "TE: trailers", "Expect: 100-continue",
]
CONNECTIONS = ["close", "keep-alive", "Close, te", "upgrade", "Upgrade, keep-alive", "x"]
EXTENSIONS = ["", "", "", ";a", ";a=b", ';a="x;y\\"z"', ";a=b;c", ';a="";b=1', ";ieof"]
TRAILERS = ["Trailer-A: b", "Checksum:  0 ", "X-Empty:", "ETag: \"a\"", "x: \xe9"]
STATUSES = [200, 201, 204, 206, 301, 304, 404, 416, 500, 599, 999]


def messages(rng, kind, method):
    count = rng.choices((1, 2, 3), (5, 3, 2))[0]
    make = request if kind == "request" else response
    return b"".join(make(rng, method, n == count - 1) for n in range(count))


def request(rng, _method, _last):
    method, target = rng.choice(METHODS), rng.choice(TARGETS)
    if rng.random() < 0.04:
        method, target = "CONNECT", "a.example:443"
    elif rng.random() < 0.02:
        method, target = "OPTIONS", "*"
    version = rng.choices(("1.1", "1.0"), (9, 1))[0]
    fields = some_fields(rng)
    fields[rng.randrange(len(fields) + 1):0] = rng.choices(
        (["Host: a.example"], ["host:b:80"], [], ["Host: a", "Host: b"]), (30, 10, 2, 1)
    )[0]
    if rng.random() < 0.05:
        fields += ["Upgrade: websocket"] + ["Connection: Upgrade"] * (rng.random() < 0.7)
    how = rng.choices(("none", "length", "chunked"), (4, 4, 4 if version == "1.1" else 0))[0]
    return assembled(rng, f"{method} {target} HTTP/{version}", fields, how)


def response(rng, method, last):
    version = rng.choices(("1.1", "1.0"), (9, 1))[0]
    before = b""
    while rng.random() < 0.15:
        status, how = rng.choice((100, 102, 103, 199)), rng.choice(("none", "none", "length"))
        before += assembled(rng, f"HTTP/{version} {status} Wait", some_fields(rng)[:2], how, with_body=False)
    status = rng.choice(STATUSES)
    fields = some_fields(rng)
    if rng.random() < 0.03:
        status = 101
        fields += ["Upgrade: websocket", "Connection: Upgrade"]
    reason = rng.choice(REASONS)
    line = f"HTTP/{version} {status} {reason}" if rng.random() < 0.95 else f"HTTP/1.1 {status}"
    bodiless = status in (101, 204, 304) or method == "HEAD" or (
        method == "CONNECT" and status < 300
    )
    weights = (1, 1, 3 if last else 0) if version == "1.0" else (4, 5, 2 if last else 0)
    how = rng.choices(("length", "chunked" if version == "1.1" else "length", "close"), weights)[0]
    if bodiless:
        # The fields may speak of a body that isn't there.
        how = rng.choice(("none", "none", "length", "chunked"))
        how = "length" if how == "chunked" and version == "1.0" else how
        return before + assembled(rng, line, fields, how, with_body=False)
    return before + assembled(rng, line, fields, how)


def some_fields(rng):
    fields = rng.sample(FIELDS, rng.randrange(4))
    if rng.random() < 0.25:
        fields.append("Connection: " + rng.choice(CONNECTIONS))
    return fields


def assembled(rng, line, fields, how, with_body=True):
    body = b""
    if how == "length":
        body = content(rng)
        name = rng.choice(("Content-Length: ", "content-length:", "CONTENT-LENGTH: \t"))
        value = rng.choice(("{}", "{}", "{}", "0{}", "000{}")).format(len(body))
        fields = [*fields, *[name + value] * (2 if rng.random() < 0.03 else 1)]
    elif how == "chunked":
        body = chunked(rng)
        value = rng.choice(("chunked", "chunked", "Chunked", "CHUNKED"))
        if line.startswith("HTTP/") and rng.random() < 0.1:
            value = "gzip, chunked"
        fields = [*fields, "Transfer-Encoding: " + value]
    elif how == "close":
        body = content(rng)
        if rng.random() < 0.1:
            fields = [*fields, "Transfer-Encoding: gzip"]
    head = "\r\n".join([line, *fields, "", ""]).encode("latin-1")
    return head + body if with_body else head


def content(rng):
    return rng.randbytes(rng.choice((0, 1, 2, 5, 17, 40))) if rng.random() < 0.5 else rng.choice(
        (b"hello", b"\r\n\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"a=b&c=d")
    )


def chunked(rng):
    wire = b""
    for _ in range(rng.randrange(4)):
        data = content(rng) or b"x"
        size = rng.choice(("{:x}", "{:X}", "0{:x}", "{:04x}")).format(len(data))
        wire += f"{size}{rng.choice(EXTENSIONS)}\r\n".encode() + data + b"\r\n"
    last = rng.choice(("0", "0", "0", "000")) + rng.choice(EXTENSIONS)
    trailers = rng.sample(TRAILERS, rng.choice((0, 0, 0, 1, 2)))
    return wire + "\r\n".join([last, *trailers, "", ""]).encode("latin-1")


# Bad ones.

INSERTIONS = [
    b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b"0", b"1", b"9", b"f", b"0x", b"+", b"-",
    b",", b'"', b"=", b"\\", b"\x01", b"\x0b", b"\x0c", b"\x7f", b"\x80", b"_",
]
LENGTHS = [
    b"+5", b"-5", b"0x5", b"5, 5", b"5,6", b"5,", b",5", b"", b"5 5", b"05", b"5;", b"5_0", b"\xb2",
    b"18446744073709551615", b"18446744073709551616", b"99999999999999999999999",
    b"000000000000000000000000005",
]
CODINGS = [
    b"chunked, chunked", b"gzip, chunked", b"gzip", b"identity", b"chunked, gzip", b"chunked;a=b",
    b"xchunked", b"chunked,", b",chunked", b"\x0bchunked", b'"chunked"', b"", b"chunked\0", b"chunkedx",
    b"chunked \t", b'"gzip, chunked',
]
VERSIONS = [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1", b"HTTP/0.9", b"HTTP/1.10", b"HTTP/11"]
TARGETS_CHANGED = [
    b"*", b"/a#b", b"a", b"a:80", b"http://", b"http://u@a/", b"/\"", b"/<a>", b"/\xe9", b"mailto:a", b"",
    b"http:///a", b"?a", b"/a/?b#c",
]
HOSTS = [b"a b", b":80", b"[::1", b"[::1]:8", b"a/b", b"u@a", b"", b"a,b", b"a:b", b"a%zz", b"a%41", b"\xe9"]
SIZES = [
    b"0x%s", b"+%s", b"-%s", b" %s", b"\t%s", b"%s ", b"%s\t", b"%s ;a", b"%s; a", b"%s;a =b", b"%s;a= b",
    b"%s;", b"%s;;a", b"%s;=a", b"%s;a=", b"%s;a b", b'%s;a="b', b'%s;a="b"c', b"%s;a=\x01", b"%s;\xe9",
    b'%s;a="\x01"', b"%sg", b"%s_0", b"", b"ffffffffffffffff", b"10000000000000000", b"fffffffffffffffff",
    b"0000000000000000%s", b"00000000000000000000000%s", b"%s,", b"%s;a\n", b"%s\n", b";a",
    b'%s;a="\\\xe9"', b'%s;a="b" ;c', b"%s;a{b", b"%s;a=[b]",
]
LENGTH_FIELD = re.compile(rb"(?im)^(content-length:[ \t]*)([^\r\n]*)")
CODING_FIELD = re.compile(rb"(?im)^(transfer-encoding:[ \t]*)([^\r\n]*)")
TARGET = re.compile(rb"(?m)^([!-~]+ )([^ \r\n]*)(?= HTTP/1)")
HOST_FIELD = re.compile(rb"(?im)^(host:[ \t]*)([^\r\n]*)")
LAST_CHUNK = re.compile(rb"(?m)^0+(?:;[^\r\n]*)?\r\n")
VERSION = re.compile(rb"HTTP/1\.[01]")
START_LINE = re.compile(rb"HTTP/1\.[01][^\r\n]*\r\n|[^\r\n]+ HTTP/1\.[01]\r\n")
STATUS = re.compile(rb"(?m)^(HTTP/1\.[01] )(\d+)")
SIZE_LINE = re.compile(rb"(?m)(?<=\n)([0-9A-Fa-f]+)((?:;[^\r\n]*)?)(?=\r\n)")


def mutated(rng, wire):
    wire = bytearray(wire)
    for _ in range(rng.choices((1, 2, 3), (6, 2, 1))[0]):
        rng.choice(MUTATIONS)(rng, wire)
    return bytes(wire)


def position(rng, wire):
    return rng.randrange(len(wire)) if wire else 0


def flip(rng, wire):
    if wire:
        wire[position(rng, wire)] ^= 1 << rng.randrange(8)


def insert(rng, wire):
    at = position(rng, wire)
    wire[at:at] = rng.choice(INSERTIONS)


def insert_near(rng, wire):
    """At an end of a word: where the grammar turns from one rule to the next."""
    ends = [match.start() for match in re.finditer(rb"[\r\n:; ,=]", wire)]
    if ends:
        at = rng.choice(ends) + rng.randrange(2)
        wire[at:at] = rng.choice(INSERTIONS)


def delete(rng, wire):
    at = position(rng, wire)
    del wire[at:at + rng.choice((1, 1, 2, 9))]


def truncate(rng, wire):
    del wire[position(rng, wire):]


def duplicate_line(rng, wire):
    lines = bytes(wire).splitlines(keepends=True)
    if lines:
        at = rng.randrange(len(lines))
        lines.insert(at, lines[at])
        wire[:] = b"".join(lines)


def swap_line_end(rng, wire):
    ends = [match.start() for match in re.finditer(rb"\r\n", wire)]
    if ends:
        at = rng.choice(ends)
        wire[at:at + 2] = rng.choice((b"\n", b"\r", b"\n\r", b"\r\r\n", b"\r\n ", b"\r\n\t", b" \r\n"))


def edit(rng, wire, pattern, replacement):
    found = list(pattern.finditer(wire))
    if found:
        match = rng.choice(found)
        wire[match.start():match.end()] = replacement(match)


def edit_length(rng, wire):
    edit(rng, wire, LENGTH_FIELD, lambda match: match[1] + rng.choice(LENGTHS))


def edit_coding(rng, wire):
    edit(rng, wire, CODING_FIELD, lambda match: match[1] + rng.choice(CODINGS))


def edit_target(rng, wire):
    edit(rng, wire, TARGET, lambda match: match[1] + rng.choice(TARGETS_CHANGED))


def edit_host(rng, wire):
    edit(rng, wire, HOST_FIELD, lambda match: match[1] + rng.choice(HOSTS))


def add_trailer(rng, wire):
    fields = (b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: a\r\n", b"TE: a\r\n")
    edit(rng, wire, LAST_CHUNK, lambda match: match[0] + rng.choice(fields))


def edit_version(rng, wire):
    edit(rng, wire, VERSION, lambda match: rng.choice(VERSIONS))


def edit_status(rng, wire):
    statuses = (b"099", b"20", b"2000", b"2x0", b"101")
    edit(rng, wire, STATUS, lambda match: match[1] + rng.choice(statuses))


def edit_size(rng, wire):
    edit(rng, wire, SIZE_LINE, lambda match: changed_size(rng, match))


def changed_size(rng, match):
    pattern = rng.choice(SIZES)
    return pattern % match[1] if b"%s" in pattern else pattern


def add_framing(rng, wire):
    """A second opinion on the body's length."""
    field = rng.choice((
        b"Content-Length: 5\r\n", b"Content-Length: 6\r\n", b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding: gzip\r\n",
    ))
    ends = [match.end() for match in START_LINE.finditer(wire)]
    if ends:
        at = rng.choice(ends)
        wire[at:at] = field


MUTATIONS = [
    flip, insert, insert_near, insert_near, delete, truncate, duplicate_line, swap_line_end,
    swap_line_end, edit_length, edit_coding, edit_version, edit_status, edit_size, edit_size,
    edit_size, add_framing, edit_target, edit_host, add_trailer,
]
