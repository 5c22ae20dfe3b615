"""Where two readings of a stream part."""

from dataclasses import dataclass

from peers import Message, Reading
from streams import Stream


@dataclass
class Difference:
    stream: Stream
    peer: str
    # we refuse: what they read on. they refuse: what we read on. start, fields, body, trailers,
    # end or upgrade: both read on and see other things.
    what: str
    index: int  # of the message
    ours: Reading
    theirs: Reading

    @property
    def error(self):
        return self.ours.error if self.what == "we refuse" else ""

    @property
    def words(self):
        return self.theirs.error if self.what == "they refuse" else ""

    def message(self, reading) -> Message | None:
        return reading.messages[self.index] if self.index < len(reading.messages) else None


def difference(stream, peer, ours, theirs):
    """The first one, or none."""
    index, what = parting(ours, theirs)
    return Difference(stream, peer, what, index, ours, theirs) if what else None


def parting(ours, theirs):
    for index in range(max(len(ours.messages), len(theirs.messages)) + 1):
        mine, other = (message_at(reading, index) for reading in (ours, theirs))
        if mine and other and (part := unequal(mine, other)):
            return index, part
        switched = [
            reading.verdict == "upgrade" and index == len(reading.messages)
            for reading in (ours, theirs)
        ]
        if any(switched):
            return index, None if all(switched) and ours.at == theirs.at else "upgrade"
        # Who has refused has read nothing of this message, or a part.
        refused = [
            reading.verdict == "rejected" and not (message and message.ended)
            for reading, message in ((ours, mine), (theirs, other))
        ]
        if any(refused):
            if all(refused):
                return index, None
            return index, "we refuse" if refused[0] else "they refuse"
        if bool(mine) != bool(other) or (mine and mine.ended != other.ended):
            return index, "end"
        if mine and not mine.ended:
            return index, None if mine.body == other.body else "body"
    return index, None if ours.verdict == theirs.verdict else "end"


def message_at(reading, index):
    return reading.messages[index] if index < len(reading.messages) else None


def unequal(mine, other):
    """Which part of a message differs: what only one has read on is not compared."""
    if mine.start != other.start:
        return "start"
    if mine.fields != other.fields:
        return "fields"
    if mine.ended and other.ended:
        if mine.body != other.body:
            return "body"
        if mine.trailers != other.trailers:
            return "trailers"
    elif not (mine.body.startswith(other.body) or other.body.startswith(mine.body)):
        return "body"
    return None
