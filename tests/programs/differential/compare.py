#!/usr/bin/env python3
"""compare.py BIN [STREAMS] [--seed N]: our decoders in BIN, h11 and llhttp on the same streams.

Each difference must be of a class that is known, and each class that is known must still occur.
"""

import argparse
import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace

from classes import CLASSES, classify
from difference import difference
from peers import Ours, peers_of
from streams import corpus, generated

SEED = 9112
STREAMS = 50_000
EXAMPLES = 4
# What only a body decoder says.
BODY_ERRORS = {"ChunkOverhead", "TrailersTooLong"}


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("streams", nargs="?", type=int, default=STREAMS)
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def reached_body(reading):
    if any(message.body or message.trailers for message in reading.messages):
        return True
    return reading.error.startswith("Chunk") and reading.error != "ChunkedNotLast" or (
        reading.error in BODY_ERRORS
    )


def compare(binary, streams):
    """How often each class occurred, the differences of none, and other counts."""
    classes, unknown, counts = Counter(), defaultdict(list), Counter()
    ours = Ours(binary, streams)
    for stream in streams:
        closed, open_ = ours.read(stream)
        counts["body"] += reached_body(closed)
        counts[f"ours {closed.verdict}"] += 1
        if closed.end is not None:
            # What follows a connection's last message is not read (RFC 9112 9.6), nor compared.
            stream = replace(stream, wire=stream.wire[:closed.end])
        for peer, reading, theirs in peers_of(stream, closed, open_):
            counts[peer] += 1
            found = difference(stream, peer, reading, theirs)
            if found is None:
                counts[f"{peer} agrees"] += 1
            elif name := classify(found):
                classes[peer, name] += 1
            else:
                unknown[peer, found.what, found.error, found.words].append(found)
    ours.close()
    return classes, unknown, counts


def show_unknown(unknown):
    for (peer, what, error, words), all_found in unknown.items():
        print(f"\nno class: {peer}, {what} {error}{words}: {len(all_found)} times")
        for found in sorted(all_found, key=lambda found: len(found.stream.wire))[:EXAMPLES]:
            stream = found.stream
            print(f"  stream {stream.number}, {stream.kind} ({stream.method}): {stream.wire}")
            print(f"    message {found.index}, ours: {brief(found.ours, found.index)}")
            print(f"    theirs: {brief(found.theirs, found.index)}")


def brief(reading, index):
    return f"{reading.verdict} {reading.error} at {reading.at}, {reading.messages[index:index + 1]}"


def show_classes(classes):
    print("| class | peer | times | decided by | why |")
    print("|---|---|---|---|---|")
    for known in CLASSES:
        for peer in known.peers.split():
            times = classes[peer, known.name]
            print(f"| {known.name} | {peer} | {times} | {known.section} | {known.why} |")


def failures(settings, classes, unknown, counts, total):
    if unknown:
        yield f"{sum(map(len, unknown.values()))} differences have no class"
    if 5 * counts["body"] < total:
        yield "less than a fifth of the streams reached a body"
    if (settings.seed, settings.streams) == (SEED, STREAMS):
        for known in CLASSES:
            for peer in known.peers.split():
                if not classes[peer, known.name]:
                    yield f"{known.name} has not occurred with {peer}"


def main():
    settings = options()
    begun = time.monotonic()
    streams = list(generated(settings.seed, settings.streams))
    streams += corpus(settings.seed, settings.streams)
    classes, unknown, counts = compare(settings.binary, streams)
    show_unknown(unknown)
    show_classes(classes)
    total = len(streams)
    agreed = ", ".join(
        f"{peer} agrees on {counts[f'{peer} agrees']} of {counts[peer]}" for peer in ("h11", "llhttp")
    )
    verdicts = ("complete", "partial", "rejected", "upgrade")
    print(
        f"differential: {total} streams ({total - settings.streams} from seeds of others), "
        f"seed {settings.seed}, {counts['body']} reached a body, "
        f"{agreed}, {time.monotonic() - begun:.1f} s"
    )
    print("ours:", ", ".join(f"{counts[f'ours {verdict}']} {verdict}" for verdict in verdicts))
    wrong = list(failures(settings, classes, unknown, counts, total))
    if wrong:
        sys.exit("differential: FAILED: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
