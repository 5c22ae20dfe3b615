"""What is sent: each length as a text and as bytes. messages.mjs has the same for node and browsers."""

LENGTHS = [1 << 10, 16 << 20]


def text(length):
    """Exactly so many bytes of text that compresses well, no two lines the same, not all of it ASCII."""
    lines = "".join(f"{n * n:x} wirefeed \u00e9\n" for n in range(length // 10)).encode()
    # A character that is cut is left out.
    value = lines[:length].decode(errors="ignore")
    return value + " " * (length - len(value.encode()))


def messages():
    for length in LENGTHS:
        yield text(length)
        yield text(length).encode()


def pieces(value):
    """A value cut into five."""
    size = -(-len(value) // 5)
    return [value[at:at + size] for at in range(0, len(value), size)]
