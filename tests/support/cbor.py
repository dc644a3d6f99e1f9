"""A second CBOR decoder, written from RFC 8949 alone, and one of CDDL (RFC 8610) as far as docs/wire.md uses it.

It shares no code with the product, nor with cbor2, so what it reads out of a frame is what another
implementer would read who has only the document.
"""

import re
from dataclasses import dataclass
from typing import Any

Item = int | bytes | str | bool | None | list["Item"]


class NotCbor(Exception):
    """Not well-formed, or not in the deterministic encoding of RFC 8949 section 4.2.1."""


def decode_sequence(data: bytes) -> list[Any]:
    """All items of a CBOR sequence (RFC 8742)."""
    items = []
    at = 0
    while at < len(data):
        item, at = _decode(data, at)
        items.append(item)
    return items


def _decode(data: bytes, at: int) -> tuple[Any, int]:
    major, argument, at = _head(data, at)
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major in {2, 3}:
        if at + argument > len(data):
            raise NotCbor("string beyond the end")
        raw = data[at : at + argument]
        return (raw if major == 2 else raw.decode("utf-8")), at + argument
    if major == 4:
        items = []
        for _ in range(argument):
            item, at = _decode(data, at)
            items.append(item)
        return items, at
    simple = {20: False, 21: True, 22: None}
    if major == 7 and argument in simple:
        return simple[argument], at
    raise NotCbor(f"major type {major} with {argument}")


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(data):
        raise NotCbor("no byte left")
    major, info = divmod(data[at], 32)
    at += 1
    if info < 24:
        return major, info, at
    if info > 27:
        raise NotCbor("reserved, or of indefinite length")
    size = 2 ** (info - 24)
    if at + size > len(data):
        raise NotCbor("argument beyond the end")
    argument = int.from_bytes(data[at : at + size], "big")
    if argument < {1: 24, 2: 2**8, 4: 2**16, 8: 2**32}[size]:
        raise NotCbor("argument not in its shortest form")
    return major, argument, at + size


# --------------------------------------------------------------------------------------------------------------- CDDL

_TOKEN = re.compile(r"\s*(?:;[^\n]*|([a-z][a-z0-9-]*|\d+\*\d+|\d+\*|\.\.|\.[a-z]+|\d+|[=\[\](),:/?*+]))")


@dataclass
class _Node:
    """A part of a rule. ``kind`` says which; ``parts`` are inner nodes or plain values."""

    kind: str
    parts: list[Any]


class Cddl:
    """Rules out of a CDDL text: arrays, groups, occurrences, choices, ranges, sizes and comparisons."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"not CDDL as we use it: {text[at : at + 30]!r}")
            if match[1]:
                self._tokens.append(match[1])
            at = match.end()
        self.rules: dict[str, _Node] = {}
        while self._tokens:
            name = self._next()
            self._next("=")
            if name in self.rules:
                raise ValueError(f"{name} twice")
            self.rules[name] = self._choice()
        for name in self._names(list(self.rules.values())):
            if name not in self.rules and name not in _BASIC:
                raise ValueError(f"{name} is not defined")

    def fits(self, name: str, item: Any) -> bool:
        """Whether ``item`` is what the rule ``name`` describes."""
        return self._fits(self.rules[name], item)

    def _names(self, nodes: list[Any]) -> set[str]:
        found: set[str] = set()
        for node in nodes:
            if isinstance(node, _Node):
                found |= {node.parts[0]} if node.kind == "name" else self._names(node.parts)
        return found

    # The grammar. ----------------------------------------------------------------------------------------------------

    def _next(self, wanted: str | None = None) -> str:
        token = self._tokens.pop(0)
        if wanted is not None and token != wanted:
            raise ValueError(f"{token} instead of {wanted}")
        return token

    def _peek(self, ahead: int = 0) -> str:
        return self._tokens[ahead] if len(self._tokens) > ahead else ""

    def _choice(self) -> _Node:
        options = [self._controlled()]
        while self._peek() == "/":
            self._next()
            options.append(self._controlled())
        return options[0] if len(options) == 1 else _Node("choice", options)

    def _controlled(self) -> _Node:
        node = self._simple()
        if self._peek() == "..":
            self._next()
            return _Node("range", [node.parts[0], int(self._next())])
        if self._peek().startswith("."):
            return _Node(self._next(), [node, self._simple()])
        return node

    def _simple(self) -> _Node:
        token = self._next()
        if token in {"[", "("}:
            group = self._group({"[": "]", "(": ")"}[token])
            if token == "(" and len(group.parts) == 1 and group.parts[0].parts[:2] == [1, 1]:
                return group.parts[0].parts[2]
            return _Node("array", [group]) if token == "[" else group
        if token.isdigit():
            return _Node("literal", [int(token)])
        return _Node("name", [token])

    def _group(self, end: str) -> _Node:
        entries = []
        while self._peek() != end:
            low, high = 1, 1
            if self._peek() == "?":
                low = 0
                self._next()
            elif "*" in self._peek() or self._peek() == "+":
                token = self._next()
                first, _, last = ("1**" if token == "+" else token).partition("*")
                low = int(first or 0)
                high = int(last) if last.isdigit() else 10**6
            if self._peek(1) == ":":
                self._next()
                self._next(":")
            entries.append(_Node("entry", [low, high, self._choice()]))
            if self._peek() == ",":
                self._next()
        self._next(end)
        return _Node("group", entries)

    # What fits. ------------------------------------------------------------------------------------------------------

    def _fits(self, node: _Node, item: Any) -> bool:
        kind, parts = node.kind, node.parts
        if kind == "name":
            return _BASIC[parts[0]](item) if parts[0] in _BASIC else self._fits(self.rules[parts[0]], item)
        if kind == "literal":
            return type(item) is int and item == parts[0]
        if kind == "range":
            return type(item) is int and parts[0] <= item <= parts[1]
        if kind == "choice":
            return any(self._fits(option, item) for option in parts)
        if kind == "array":
            return type(item) is list and len(item) in self._ends(parts[0], item, 0)
        if kind == ".le":
            return self._fits(parts[0], item) and item <= parts[1].parts[0]
        if kind == ".size":
            length = (
                len(item.encode() if isinstance(item, str) else item) if self._fits(parts[0], item) else -1
            )
            return self._fits(parts[1], length)
        raise ValueError(f"{kind} is not known")

    def _ends(self, node: _Node, items: list[Any], at: int) -> set[int]:
        """Where in ``items`` a group, or one item, that begins at ``at`` can end."""
        if node.kind == "name" and node.parts[0] in self.rules:
            return self._ends(self.rules[node.parts[0]], items, at)
        if node.kind != "group":
            return {at + 1} if at < len(items) and self._fits(node, items[at]) else set()
        ends = {at}
        for entry in node.parts:
            low, high, inner = entry.parts
            reached = set(ends) if low == 0 else set()
            front, count = ends, 0
            while front and count < high:
                front = {end for start in front for end in self._ends(inner, items, start)}
                count += 1
                if count >= low:
                    reached |= front
            ends = reached
        return ends


_BASIC = {
    "uint": lambda item: type(item) is int and item >= 0,
    "bstr": lambda item: type(item) is bytes,
    "tstr": lambda item: type(item) is str,
    "nil": lambda item: item is None,
}
