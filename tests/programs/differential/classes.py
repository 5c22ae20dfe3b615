"""Every way in which we and a peer may part: by which rule it is known, and who is right."""

import re
from dataclasses import dataclass
from typing import Callable

from peers import persists
from rules import (
    ABSOLUTE, BLANK, CODING_BLANK, FORBIDDEN, FRAMING_WORDS, H11_SIZE_LINE, HOST, LLHTTP_METHODS,
    LONG_SIZE, PARAMETER, TOKEN, begins_next, bodiless, byte, codings, collapsed, elements, field_at_fault,
    framed, is_target, lengths, line, ours, squeezed, start_seen, switched, theirs, they, tunnel,
    unread_head, upgrade_listed, values, waits, we,
)


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


CLASSES = [
    Class(
        "coding-empty", "h11 llhttp", "RFC 9110 5.6.1.2",
        "Empty elements of a list are to be ignored.",
        lambda found: ours(found) and b"" in codings(ours(found)) and (
            they(found, *FRAMING_WORDS)
            or found.peer == "llhttp" and found.stream.kind == "response"
            and theirs(found) and not theirs(found).ended
        ),
    ),
    Class(
        "coding-quoted", "llhttp", "RFC 9110 5.6.4",
        "A comma in quotes divides no list; llhttp looks at what stands behind the last one.",
        lambda found: theirs(found)
        and (we(found, "ChunkedNotLast") or found.what in ("body", "end") or found.words)
        and any(re.search(rb'"[^"]*,', value) for value in values(theirs(found), b"transfer-encoding")),
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
        and re.search(rb"HTTP/(?!1\.\d)\d(\.\d(?=[ \r\n])|\.?\d?$)", line(found)),
    ),
    Class(
        "status", "llhttp", "RFC 9110 15",
        "A status is from 100 up.",
        lambda found: we(found, "Status") and re.match(rb"HTTP/1\.\d 0(\d\d[ \r]|\d?\d?$)", line(found)),
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
        and codings(theirs(found))[-1] == b"chunked",
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
        "length-carried-over", "llhttp", "RFC 9112 6.3",
        "A length in a 1xx is no part of the next one's; llhttp adds digits to it, if that one closes.",
        lambda found: (found.what in ("end", "body") or they(found, "Content-Length overflow"))
        and found.index and lengths(ours(found)) and any(
            message.start[0] in (100, 102, 103) and not persists(message) and lengths(message)
            for message in found.ours.messages[:found.index]
        ),
    ),
    Class(
        "no-version", "llhttp", "RFC 9112 3",
        "A request line ends in a version; without one llhttp reads HTTP/0.9.",
        lambda found: we(found, "Target") and (
            theirs(found) and theirs(found).start[-1] == "0.9"
            or re.fullmatch(TOKEN + rb" [!-~]+\r?\n", line(found))
        ),
    ),
    Class(
        "blanks-in-request-line", "llhttp", "RFC 9112 3",
        "One SP stands on each side of the target; llhttp takes more, as a server may.",
        lambda found: we(found, "Version", "Target")
        and re.search(TOKEN + rb" +[!-~]* +HTTP/1\.[01]\r\n", line(found))
        and byte(found) == b" ",
    ),
]
