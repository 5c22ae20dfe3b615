"""Every way in which we and a peer may part: by which rule it is known, and who is right."""

import re
from dataclasses import dataclass
from typing import Callable

BLANK = b" \t"
TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
# What h11 takes for the size line of a chunk.
H11_SIZE_LINE = re.compile(rb"[0-9A-Fa-f]{1,20}(;[^\n]*)?[ \t]*\r\n")
CODING_BLANK = re.compile(rb"(?i)transfer-encoding:[^\r\n]*chunked[ \t]+\r\n")
# What is not another coding's name.
PARAMETER = re.compile(rb"chunked[^-!#$%&'*+.^_`|~0-9A-Za-z]")
LONG_SIZE = re.compile(rb"[0-9A-Fa-f]{17,}")

# What is a host, and a port (RFC 3986 3.2.2); what is in brackets is not looked at closely.
HOST = re.compile(rb"(([-A-Za-z0-9._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+|\[[0-9A-Za-z:.]+\])(:\d*)?|")
PATH = re.compile(rb"[!$-;=?-~]*")
ABSOLUTE = re.compile(rb"[A-Za-z][-A-Za-z0-9+.]*://([^/?]+)([/?].*)?")
FORBIDDEN = b"content-length transfer-encoding host te".split()


@dataclass
class Class:
    name: str
    peers: str  # those that differ from us
    section: str
    why: str
    applies: Callable  # of a Difference


def classify(found):
    """The first class that a difference belongs to."""
    for known in CLASSES:
        if found.peer in known.peers.split() and known.applies(found):
            return known.name
    return None


# What the rules ask.

def we(found, *kinds):
    return found.error in kinds


def they(found, *words):
    return found.words.startswith(words) if found.words else False


def byte(found, offset=0):
    at = found.ours.at + offset
    return found.stream.wire[max(at, 0):at + 1] if at >= 0 else b""


def line(found):
    """The line with the byte at fault, its end included."""
    wire, at = found.stream.wire, found.ours.at
    end = wire.find(b"\n", at)
    return wire[wire.rfind(b"\n", 0, at) + 1:end + 1 if end >= 0 else len(wire)]


def field_at_fault(found):
    """The name in the line at fault, and its value."""
    name, _, value = line(found).partition(b":")
    return name.lower(), value.strip(b" \t\r\n")


def ours(found):
    return found.message(found.ours)


def theirs(found):
    return found.message(found.theirs)


def values(message, name):
    return [value for key, value in message.fields if key == name] if message else []


def elements(message, name):
    """Those of a list, the empty ones too."""
    return [part.strip(BLANK) for value in values(message, name) for part in value.split(b",")]


def unread_head(found):
    """We wait for the end of a head, and judge it then."""
    return found.ours.verdict == "partial" and ours(found) is None


def begins_next(found):
    """Whether what they read next, or nothing more, stands behind line ends at our fault."""
    rest = found.stream.wire[found.ours.at:].lstrip(b"\r\n")
    if theirs(found):
        return rest.startswith(theirs(found).start[0])
    return rest == b"" or found.theirs.verdict == "partial"


def bodiless(found):
    message = ours(found)
    if not message or found.stream.kind != "response":
        return False
    status = message.start[0]
    return status < 200 or status in (204, 304) or found.stream.method == "HEAD" or (
        found.stream.method == "CONNECT" and status < 300
    )


def codings(message):
    return elements(message, b"transfer-encoding")


def lengths(message):
    return values(message, b"content-length")


# Rules too long for a line.

def is_target(method, target):
    """Whether a target has a form that the method allows."""
    if not PATH.fullmatch(target):
        return False
    if method == b"CONNECT":
        return b":" in target and HOST.fullmatch(target)
    if target[:1] == b"/" or (method, target) == (b"OPTIONS", b"*"):
        return True
    absolute = ABSOLUTE.fullmatch(target)
    return absolute and HOST.fullmatch(absolute[1])


def start_seen(found):
    """The method and the target that they have read, or are about to."""
    if theirs(found):
        return theirs(found).start[:2]
    method, _, rest = line(found).partition(b" ")
    return method, re.match(rb"[^ \r\n]*", rest)[0]


def squeezed(fields):
    return [(name, re.sub(rb"[ \t]+", b" ", value)) for name, value in fields]


FRAMING_WORDS = (
    "bad Content-Length", "conflicting Content-Length", "Only Transfer-Encoding",
    "multiple Transfer-Encoding", "Content-Length can't", "Transfer-Encoding can't",
    "Duplicate Content-Length", "Invalid character in Content-Length", "Content-Length overflow",
    "Empty Content-Length", "Empty Transfer-Encoding", "Invalid `Transfer-Encoding`",
    "Unsupported Transfer-Encoding", "Request has invalid",
)
LLHTTP_METHODS = b"""
    DELETE GET HEAD POST PUT CONNECT OPTIONS TRACE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH
    UNLOCK BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE
    UNSUBSCRIBE PATCH PURGE MKCALENDAR LINK UNLINK SOURCE QUERY
""".split()


def waits(found):
    """What h11 has not got: the CR LF of a size line, or the empty line behind trailers."""
    rest = found.stream.wire[found.ours.at:]
    if found.theirs.verdict != "partial" or found.what != "we refuse":
        return False
    if found.error.startswith("Chunk"):
        return b"\r\n" not in rest[1:] or found.error == "ChunkDataEnd"
    return re.search(rb"\n\r?\n", found.stream.wire[found.ours.at - 1:]) is None


def tunnel(found):
    """Their last message, if they take what follows its head for another protocol's."""
    last = found.theirs.messages[-1:]
    if found.theirs.verdict == "upgrade" and found.stream.kind == "request" and last:
        if len(found.theirs.messages) - found.index in (0, 1) and last[0].body == b"":
            return last[0]
    return None


def framed(message):
    return bool(codings(message) or lengths(message))


def upgrade_listed(message):
    return b"upgrade" in (option.lower() for option in elements(message, b"connection"))


def switched(found, reading):
    """The message that a reading takes for the last of HTTP."""
    return found.index and found.what == "upgrade" and reading.verdict == "upgrade" and (
        len(reading.messages) == found.index
    ) and reading.messages[-1]


def collapsed(fields):
    """As h11 hands out lengths: once."""
    seen, kept = False, []
    for name, value in fields:
        if name == b"content-length":
            if seen:
                continue
            seen, value = True, value.split(b",")[0].strip(BLANK)
        kept.append((name, value))
    return kept


CLASSES = [
    Class(
        "coding-empty", "h11 llhttp", "RFC 9110 5.6.1.2",
        "Empty elements of a list are to be ignored.",
        lambda found: ours(found) and b"" in codings(ours(found)) and (
            they(found, *FRAMING_WORDS)
            or found.peer == "llhttp" and found.stream.kind == "response" and not theirs(found).ended
        ),
    ),
    Class(
        "chunked-parameter", "llhttp", "RFC 9112 7.1",
        "A parameter of chunked is an error; llhttp reads a response with one until close.",
        lambda found: found.what == "we refuse" and we(found, "ChunkedNotLast")
        and any(PARAMETER.match(coding) for coding in codings(theirs(found))),
    ),
    Class(
        "host", "h11 llhttp", "RFC 9112 3.2",
        "A request has one Host, a valid one; h11 looks at its characters, llhttp not at all.",
        lambda found: we(found, "Host") and theirs(found) and (
            len(hosts := values(theirs(found), b"host")) != 1 or not HOST.fullmatch(hosts[0])
        ),
    ),
    Class(
        "target", "h11 llhttp", "RFC 9112 3.2",
        "A target has a form that the method allows; they look at its characters, if at anything.",
        lambda found: we(found, "Target") and not is_target(*start_seen(found)),
    ),
    Class(
        "trailer", "h11 llhttp", "RFC 9110 6.5.1",
        "A field that frames or routes must not stand in trailers; they hand it out, or go by it.",
        lambda found: we(found, "ForbiddenTrailer") and field_at_fault(found)[0] in FORBIDDEN,
    ),
    Class(
        "trailer-early", "llhttp", "RFC 9110 6.5.1",
        "They refuse a field that frames as it comes; we judge trailers once they are whole.",
        lambda found: they(found, *FRAMING_WORDS) and found.ours.verdict == "partial"
        and codings(ours(found))[-1:] == [b"chunked"] and not lengths(ours(found)),
    ),
    Class(
        "fold-blanks", "h11", "RFC 9112 5.2",
        "A fold becomes one or more SP: of us, as many as it has bytes.",
        lambda found: found.what in ("fields", "trailers") and found.stream.kind == "response"
        and re.search(rb"\r\n[ \t]", found.stream.wire)
        and squeezed(collapsed(getattr(ours(found), found.what)))
        == squeezed(getattr(theirs(found), found.what)),
    ),
    Class(
        "fold-refused", "llhttp", "RFC 9112 5.2",
        "A user agent must join folded lines; llhttp refuses them unless it is told otherwise.",
        lambda found: they(found, "Unexpected whitespace after header", "Invalid header value char")
        and found.stream.kind == "response" and re.search(rb"\r\n[ \t]", found.stream.wire),
    ),
    Class(
        "minor-version", "h11", "RFC 9110 2.5",
        "A minor version above ours is read as ours; h11 hands it out as it came.",
        lambda found: found.what == "start" and ours(found).start[-1] == "1.1"
        and re.fullmatch(r"1\.[2-9]", theirs(found).start[-1]),
    ),
    Class(
        "minor-version-refused", "llhttp", "RFC 9110 2.5",
        "A minor version above ours is read as ours; llhttp has a list.",
        lambda found: they(found, "Invalid HTTP version")
        and re.search(rb"HTTP/1\.[2-9]", found.stream.wire),
    ),
    Class(
        "early", "h11 llhttp", "RFC 9112 2.2",
        "They refuse half a head at its bad byte; we judge fields once their head is whole.",
        lambda found: found.what == "they refuse" and unread_head(found),
    ),
    Class(
        "late", "h11", "RFC 9112 7.1",
        "h11 waits for the end of a size line or of the trailers; we refuse the byte as it comes.",
        waits,
    ),
    Class(
        "bare-lf", "h11", "RFC 9112 2.2",
        "A recipient may take LF for CR LF; two hops that differ in it can be fooled, so we don't.",
        lambda found: we(found, "BareLf") and byte(found) == b"\n" and byte(found, -1) != b"\r",
    ),
    Class(
        "fold", "h11", "RFC 9112 5.2",
        "A server must refuse a folded line or replace the fold; h11 replaces.",
        lambda found: we(found, "ObsFold") and byte(found) in (b" ", b"\t"),
    ),
    Class(
        "version", "h11 llhttp", "RFC 9112 2.3",
        "They hand out major versions other than 1, whose framing we can't know.",
        lambda found: we(found, "Version")
        and re.search(rb"HTTP/(?!1\.\d)\d\.\d(?=[ \r\n])", line(found)),
    ),
    Class(
        "status", "llhttp", "RFC 9110 15",
        "A status is from 100 up.",
        lambda found: we(found, "Status") and re.match(rb"HTTP/1\.[01] 0\d\d[ \r]", line(found)),
    ),
    Class(
        "reason-control", "h11 llhttp", "RFC 9112 4",
        "A reason phrase holds no control bytes.",
        lambda found: we(found, "Reason") and re.match(rb"[\0-\x08\x0b-\x1f\x7f]", byte(found)),
    ),
    Class(
        "value-control", "h11", "RFC 9110 5.5",
        "A field value holds no control bytes; h11 knows cookies that do.",
        lambda found: we(found, "FieldValue")
        and re.match(rb"[\x01-\x08\x0e-\x1f\x7f]", byte(found)),
    ),
    Class(
        "length-and-coding", "h11", "RFC 9112 6.1",
        "A server may refuse both together, or go by the coding and close; we refuse, for a client too.",
        lambda found: we(found, "LengthWithCoding")
        and lengths(theirs(found)) and codings(theirs(found)),
    ),
    Class(
        "coding-in-1.0", "h11 llhttp", "RFC 9112 6.1",
        "A message of HTTP/1.0 with a coding has faulty framing.",
        lambda found: we(found, "CodingInHttp10") and codings(theirs(found))
        and theirs(found).start[-1] == "1.0",
    ),
    Class(
        "coding-before-chunked", "llhttp", "RFC 9112 6.1",
        "A server answers 501 to a coding that it can't decode; llhttp leaves that to its caller.",
        lambda found: we(found, "TransferCoding") and len(codings(theirs(found))) > 1
        and all(codings(theirs(found))) and codings(theirs(found))[-1] == b"chunked",
    ),
    Class(
        "chunked-twice", "llhttp", "RFC 9112 7.1",
        "Chunked must not be applied twice; llhttp looks at the last coding only.",
        lambda found: we(found, "ChunkedNotLast") and codings(theirs(found)).count(b"chunked") > 1,
    ),
    Class(
        "length-list", "h11", "RFC 9110 8.6",
        "Equal lengths in a list may be read as one, or refused.",
        lambda found: we(found, "ContentLength") and field_at_fault(found)[0] == b"content-length"
        and len({part.strip(BLANK) for part in field_at_fault(found)[1].split(b",")}) == 1
        and b"," in field_at_fault(found)[1],
    ),
    Class(
        "length-over-64-bits", "h11", "RFC 9110 8.6",
        "A recipient must prevent overflow; Python's numbers have none.",
        lambda found: we(found, "ContentLength") and field_at_fault(found)[1].isdigit()
        and int(field_at_fault(found)[1]) >= 1 << 64,
    ),
    Class(
        "length-repeated", "h11", "RFC 9110 8.6",
        "h11 hands out equal lengths once, in trailers too; we hand out each field as it came.",
        lambda found: found.what in ("fields", "trailers")
        and collapsed(getattr(ours(found), found.what)) == getattr(theirs(found), found.what),
    ),
    Class(
        "length-repeated-refused", "llhttp", "RFC 9110 8.6",
        "Equal lengths may be read as one, or refused.",
        lambda found: they(found, "Duplicate Content-Length") and not bodiless(found)
        and len(lengths(ours(found))) > 1 and len(set(map(int, lengths(ours(found))))) == 1,
    ),
    Class(
        "length-zeros", "h11", "RFC 9110 8.6",
        "Leading zeros are digits; h11 stops at 20.",
        lambda found: they(found, "bad Content-Length") and not bodiless(found)
        and any(value.isdigit() and len(value) > 20 for value in lengths(ours(found))),
    ),
    Class(
        "length-spelled", "h11", "RFC 9110 8.6",
        "5 and 05 are the same decimal value; h11 compares them as text.",
        lambda found: they(found, "conflicting Content-Length") and not bodiless(found)
        and len(set(lengths(ours(found)))) > 1 and len(set(map(int, lengths(ours(found))))) == 1,
    ),
    Class(
        "fields-without-body", "h11 llhttp", "RFC 9112 6.3",
        "A response that has no content by its status or method ends with its head.",
        lambda found: they(found, *FRAMING_WORDS) and bodiless(found),
    ),
    Class(
        "coding-until-close", "h11", "RFC 9112 6.3",
        "A client reads a response with other codings than chunked, or ahead of it; h11 knows none.",
        lambda found: they(found, "Only Transfer-Encoding", "multiple Transfer-Encoding")
        and found.stream.kind == "response" and not bodiless(found)
        and codings(ours(found)) not in ([b"chunked"], [])
        and not any(PARAMETER.match(coding) for coding in codings(ours(found))),
    ),
    Class(
        "coding-blank", "llhttp", "RFC 9112 5.1",
        "Blanks behind a value are not its own: `chunked` HTAB is chunked, which llhttp doesn't see.",
        lambda found: (they(found, "Request has invalid") or theirs(found) and not theirs(found).ended)
        and codings(ours(found))[-1:] == [b"chunked"] and CODING_BLANK.search(found.stream.wire),
    ),
    Class(
        "size-digits", "h11 llhttp", "RFC 9112 7.1",
        "A recipient must prevent overflow; we stop at 16 digits, leading zeros included.",
        lambda found: we(found, "ChunkSizeTooLong") and LONG_SIZE.match(line(found)),
    ),
    Class(
        "extension-loose", "h11", "RFC 9112 7.1.1",
        "h11 takes anything for an extension, a CR too; we take the grammar.",
        lambda found: we(found, "ChunkExtension", "ChunkLineEnd") and b";" in line(found)
        and H11_SIZE_LINE.fullmatch(line(found)),
    ),
    Class(
        "extension-empty", "llhttp", "RFC 9112 7.1.1",
        "An extension has a name, and one value behind `=`; llhttp takes none, or two.",
        lambda found: we(found, "ChunkExtension")
        and re.search(rb';[;=]|=[;\r]|=[^";\r]+"', line(found)),
    ),
    Class(
        "size-blank", "h11", "RFC 9112 7.1",
        "A size line holds no blanks but as bad white space around `;` and `=`, which we refuse too.",
        lambda found: we(found, "ChunkLineEnd") and byte(found) in (b" ", b"\t")
        and H11_SIZE_LINE.fullmatch(line(found)),
    ),
    Class(
        "empty-line", "h11", "RFC 9112 2.2",
        "A server should ignore an empty line in front of a request; h11 refuses.",
        lambda found: they(found, "no request line received") and found.stream.kind == "request",
    ),
    Class(
        "empty-lines", "llhttp", "RFC 9112 2.2",
        "A server should ignore at least one empty line in front of a request: we, one CRLF.",
        lambda found: found.stream.kind == "request" and (
            we(found, "Method") and byte(found) in (b"\r", b"\n")
            or we(found, "BareCr") and byte(found, -1) == b"\r" and begins_next(found)
        ),
    ),
    Class(
        "empty-lines-in-front-of-status", "llhttp", "RFC 9112 4",
        "A response begins with its status line; only a server is asked to ignore an empty line.",
        lambda found: found.stream.kind == "response" and (
            we(found, "Version") and byte(found) in (b"\r", b"\n")
            or found.what == "end" and unread_head(found) and found.stream.wire.endswith((b"\r", b"\r\n"))
        ),
    ),
    Class(
        "method", "llhttp", "RFC 9110 9.1",
        "A method is any token; llhttp has a list.",
        lambda found: they(found, "Invalid method", "Expected space after method")
        and ours(found) and ours(found).start[0] not in LLHTTP_METHODS,
    ),
    Class(
        "scheme", "llhttp", "RFC 3986 3.1",
        "A scheme holds digits, `+`, `-` and `.` behind its first letter; llhttp knows letters alone.",
        lambda found: they(found, "Unexpected char in url schema")
        and ABSOLUTE.fullmatch(ours(found).start[1]),
    ),
    Class(
        "connect-content", "llhttp", "RFC 9110 9.3.6",
        "A CONNECT has no content; its fields may still frame some, which we read before the tunnel.",
        lambda found: (last := tunnel(found)) and last.start[0] == b"CONNECT" and framed(last),
    ),
    Class(
        "upgrade-content", "llhttp", "RFC 9110 7.8",
        "The request is read whole before the protocol changes; httptools skips its content.",
        lambda found: (last := tunnel(found)) and last.start[0] != b"CONNECT" and framed(last)
        and upgrade_listed(last),
    ),
    Class(
        "upgrade-in-1.0", "h11 llhttp", "RFC 9110 7.8",
        "A server must ignore Upgrade in a request of HTTP/1.0.",
        lambda found: (last := switched(found, found.theirs)) and last.start[-1] == "1.0"
        and found.stream.kind == "request" and values(last, b"upgrade"),
    ),
    Class(
        "cr-then-end", "llhttp", "RFC 9112 2.2",
        "A CR where a request may begin is half of an empty line; llhttp doesn't wait for the rest.",
        lambda found: found.what == "end" and found.stream.kind == "request"
        and not ours(found) and found.stream.wire.endswith(b"\r"),
    ),
    Class(
        "upgrade-unlisted", "h11", "RFC 9110 7.8",
        "Upgrade counts when Connection lists it; h11 goes by the field alone.",
        lambda found: (last := switched(found, found.theirs)) and not upgrade_listed(last)
        and values(last, b"upgrade"),
    ),
    Class(
        "101-unlisted", "llhttp", "RFC 9110 15.2.2",
        "After 101 the protocol changes; llhttp goes by Upgrade and Connection in the response.",
        lambda found: (last := switched(found, found.ours)) and last.start[0] == 101
        and not (upgrade_listed(last) and any(values(last, b"upgrade"))),
    ),
    Class(
        "1xx-content", "llhttp", "RFC 9112 6.3",
        "No 1xx has content; llhttp knows that of 100 to 103.",
        lambda found: found.stream.kind == "response" and ours(found) and 103 < ours(found).start[0] < 200
        and framed(ours(found))
        and theirs(found) != ours(found),
    ),
    Class(
        "no-version", "llhttp", "RFC 9112 3",
        "A request line ends in a version; without one llhttp reads HTTP/0.9.",
        lambda found: we(found, "Target") and theirs(found) and theirs(found).start[-1] == "0.9",
    ),
    Class(
        "blanks-in-request-line", "llhttp", "RFC 9112 3",
        "One SP stands on each side of the target; llhttp takes more, as a server may.",
        lambda found: we(found, "Version", "Target")
        and re.search(TOKEN + rb" +[!-~]* +HTTP/1\.[01]\r\n", line(found))
        and byte(found) == b" ",
    ),
]
