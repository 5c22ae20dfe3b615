"""What the rules that tell classes apart ask of a difference."""

import re

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
FORBIDDEN = b"""
    connection content-length cookie expect host te transfer-encoding upgrade
""".split()


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
    return [part.strip(BLANK) for value in values(message, name) for part in parts(value)]


def parts(value):
    """What stands between commas that are not quoted; where a quote is not closed, all is."""
    found, quoted = [b""], False
    for byte in re.findall(rb"(?s)\\?.", value):
        quoted ^= byte == b'"'
        if byte == b"," and not quoted:
            found.append(b"")
        else:
            found[-1] += byte
    return found


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
