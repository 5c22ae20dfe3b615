#!/usr/bin/env python3
"""count.py [ROOT...]: sizes and public names of the crates in these folders, side by side; by default
of this one. Tests are left out: what stands under `#[cfg(test)]` or `#[cfg(all(test, ..))]`, and the files of such modules.
"""

import re
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
WORDS = [
    "is no", "none where", "whoever", "owed", "owe", "owes", "nobody", "lets time pass",
    "tells the time", "said", "told", "asked", "for good", "it is due",
]
TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*)
      | (?P<raw>b?r(?P<hashes>\#*)".*?"(?P=hashes))
      | (?P<text>b?"(?:\\.|[^"\\])*")
      | (?P<char>b?'(?:\\(?:x..|u\{[^}]*\}|.)|[^'\\])')
      | (?P<other>[A-Za-z0-9_]+|.)""",
    re.VERBOSE | re.DOTALL,
)
ITEM = re.compile(
    r"\bpub\s+(?:const\s+|async\s+|unsafe\s+|extern\s+)*"
    r"(struct|enum|trait|type|union|fn|const|static|macro)\s+([A-Za-z_]\w*)"
)
BLOCK = re.compile(r"\b(impl|trait|mod|macro_rules|enum|struct|fn)\b[^;{}]*$")


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def parts(source):
    """The code with comments and the insides of strings blanked, the code with comments alone blanked,
    and the prose: comments and strings."""
    bare, code, prose, at = [], [], [], 0
    while at < len(source):
        token = TOKEN.match(source, at)
        kind, text = token.lastgroup, token.group()
        if token.group("block"):
            depth, end = 1, token.end()
            while depth and end < len(source):
                mark = re.compile(r"/\*|\*/").search(source, end)
                depth += 1 if mark.group() == "/*" else -1
                end = mark.end()
            text = source[at:end]
            kind = "line"
        elif token.group("raw"):
            kind = "text"
        if kind == "line":
            bare.append(blank(text)), code.append(blank(text)), prose.append(text)
        elif kind == "text":
            bare.append('"' + blank(text[1:-1]) + '"'), code.append(text), prose.append(text)
        elif kind == "char":
            bare.append(blank(text)), code.append(text)
        else:
            bare.append(text), code.append(text)
        at += len(text)
    return "".join(bare), "".join(code), "\n".join(prose)


def end_of(bare, at):
    """Where the item that starts here ends: after its block, or its semicolon."""
    depth = 0
    for place in range(at, len(bare)):
        mark = bare[place]
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1
            if mark == "}" and depth == 0:
                return place + 1
        elif mark == ";" and depth == 0:
            return place + 1
    return len(bare)


def without_tests(bare, code):
    """Blanks each item under `#[cfg(test)]`; the names of the modules in files of their own that are."""
    modules = []
    for attribute in re.finditer(r"#\[cfg\((?:test|all\(test\b[^\]]*)\)\]\s*(?:#\[[^\]]*\]\s*)*", bare):
        end = end_of(bare, attribute.end())
        item = bare[attribute.end():end]
        outside = re.match(r"(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", item)
        if outside:
            path = re.findall(r'#\[path = "(.*?)"\]', code[attribute.start():end])
            modules.append(path[0] if path else outside[1])
        bare = bare[:attribute.start()] + blank(bare[attribute.start():end]) + bare[end:]
        code = code[:attribute.start()] + blank(code[attribute.start():end]) + code[end:]
    return bare, code, modules


class Source:
    def __init__(self, path):
        self.path = path
        self.raw = path.read_text()
        bare, code, self.prose = parts(self.raw)
        self.bare, self.code, self.test_modules = without_tests(bare, code)

    def children(self):
        """The folder of this file's modules."""
        page = self.path.name in ("mod.rs", "lib.rs")
        return self.path.parent if page else self.path.with_suffix("")

    def lines(self):
        return sum(1 for line in self.code.splitlines() if line.strip())

    def blocks(self):
        """Each block's keyword, header, start and end."""
        stack, last = [], 0
        for place, mark in enumerate(self.bare):
            if mark == "{":
                stack.append((self.bare[last:place], place))
                last = place + 1
            elif mark == "}":
                last = place + 1
                if stack:
                    header, start = stack.pop()
                    found = BLOCK.search(header)
                    yield found[1] if found else "", header, start, place
            elif mark == ";":
                last = place + 1

    def functions(self):
        for found in re.finditer(r"\bfn\s+(\w+)", self.bare):
            end = end_of(self.bare, found.start())
            if self.bare[end - 1:end] == "}":
                start = self.bare.count("\n", 0, found.start()) + 1
                yield found[1], self.bare.count("\n", found.start(), end) + 1, start

    def items(self):
        """(what, name) for each `pub` item; functions in blocks of `impl`, `trait`, macros are methods."""
        blocks = sorted(self.blocks(), key=lambda block: block[2])
        for found in ITEM.finditer(self.bare):
            around = [b for b in blocks if b[2] < found.start() < b[3]]
            inside = any(b[0] in ("impl", "trait") or "macro_rules" in b[1] for b in around)
            kind = found[1]
            if kind == "fn":
                yield ("method" if inside else "function"), found[2]
            elif kind in ("const", "static"):
                yield "constant", found[2]
            elif not inside:
                yield "type", found[2]
        for keyword, header, start, end in blocks:
            if keyword == "trait" and re.search(r"\bpub\s+(?:unsafe\s+)?trait\b", header):
                for name in re.findall(r"\bfn\s+(\w+)", self.bare[start:end]):
                    yield "method", name

    def assignments(self):
        """Assignments to a `state`: whether each goes through the table."""
        bare = re.sub(r"\b(?:macro_rules!\s*transitions|transitions!)\s*\{", lambda m: blank(m[0]), self.bare)
        for found in re.finditer(r"(?:\.|\*)state\s*=(?![=>])([^;]*);", bare):
            yield "on(" in found[1]
        for found in re.finditer(r"(?:replace|take|swap)\(\s*&mut\s+[\w.]*\bstate\b", bare):
            yield False


def is_test(path, sources):
    """Whether a parent declares this file, or a folder above it, for tests alone."""
    return any(path == file or folder in path.parents for file, folder in sources)


def module_of(path, src, public):
    """The public module in which a file's items are seen; the kernel's are the root's."""
    names = list(path.relative_to(src).with_suffix("").parts)
    if names[-1] in ("mod", "lib"):
        names.pop()
    seen, at = [], ()
    for name in names:
        at += (name,)
        if at in public:
            seen.append(name)
    return "::".join(seen) or "(root)"


def measure(root):
    src = root / "src"
    sources = [Source(path) for path in sorted(src.rglob("*.rs"))]
    tests, public = [], set()
    for source in sources:
        folder = source.children()
        here = folder.relative_to(src).parts
        for name in source.test_modules:
            if name.endswith(".rs"):
                tests.append((source.path.parent / name, (source.path.parent / name).with_suffix("")))
            else:
                tests += [(folder / f"{name}.rs", folder / name), (folder / name / "mod.rs", folder / name)]
        for name in re.findall(r"\bpub\s+mod\s+(\w+)", source.bare):
            public.add(here + (name,))
    sources = [source for source in sources if not is_test(source.path, tests)]
    # A page of the guide is prose.
    code = [source for source in sources if "guide" not in source.path.relative_to(src).parts]
    name = lambda source: str(source.path.relative_to(src))
    longest_file = max((len(s.raw.splitlines()), name(s)) for s in code)
    functions = [(lines, f"{name(s)}:{at} {fn}") for s in code for fn, lines, at in s.functions()]
    items, seen = Counter(), set()
    for source in code:
        module = module_of(source.path, src, public)
        for what, item in source.items():
            items[module, what] += 1
            seen.add(module)
    states = [(name(s), through) for s in code for through in s.assignments()]
    prose = "\n".join([s.prose for s in sources] + [p.read_text() for p in sorted(src.rglob("*.md"))])
    prose = re.sub(r"\s+(?://[/!]?\s*)?", " ", prose).lower()
    names = re.findall(r"[a-z]+", re.sub(r"([A-Z])", r" \1", "\n".join(s.bare for s in code)).lower())
    names = Counter(names)
    past = [file for file, through in states if not through]
    rows = [
        ("source files", len(code)),
        ("lines of code", sum(s.lines() for s in code)),
        ("longest file, lines", longest_file[0]),
        ("", longest_file[1]),
        ("longest function, lines", max(functions)[0]),
        ("", max(functions)[1]),
        ("functions of more than 50 lines", sum(lines > 50 for lines, _ in functions)),
        ("assignments to `state` past a table", len(past)),
        ("files with such", len(set(past))),
        ("assignments to `state` of what the table finds", len(states) - len(past)),
        ("conditions on `alloc`", sum(s.code.count('feature = "alloc"') for s in code)),
    ]
    for what in ("type", "function", "method", "constant"):
        total = sum(count for (_, kind), count in items.items() if kind == what)
        rows.append((f"public {what}s", total))
    for module in sorted(seen):
        counts = [items[module, what] for what in ("type", "function", "method")]
        rows.append((f"`{module}`: types, functions, methods", ", ".join(map(str, counts))))
    for word in WORDS:
        rows.append((f"“{word}” in docs, comments and strings", len(re.findall(rf"\b{word}\b", prose))))
    rows.append(("“owe”, “owed”, “owes” in names", sum(names[word] for word in ("owe", "owed", "owes"))))
    rows.append(("“said”, “told”, “asked” in names", sum(names[word] for word in ("said", "told", "asked"))))
    return rows


def keyed(rows):
    """The rows by what stands in the first column; an empty one continues the row above."""
    found, above = {}, ""
    for what, value in rows:
        above = what or above
        found[what or f"{above}: where"] = value
    return found


def main(roots):
    tables = [keyed(measure(root)) for root in roots]
    names = [root.name or str(root) for root in roots]
    print("| |" + "|".join(f" {name} " for name in names) + "|")
    print("|---|" + "---|" * len(names))
    rows = list(dict.fromkeys(what for table in tables for what in table))
    # Modules of one tree alone stand among those of the others.
    modules = sorted(row for row in rows if row.startswith("`"))
    order = [row for row in rows if not row.startswith("`")]
    place = next(at for at, row in enumerate(order) if row.startswith("“"))
    for row in order[:place] + modules + order[place:]:
        print(f"| {row} |" + "|".join(f" {table.get(row, '-')} " for table in tables) + "|")


if __name__ == "__main__":
    main([Path(root).resolve() for root in sys.argv[1:]] or [HERE])
