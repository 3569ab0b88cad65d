"""YAML 1.2 in one line, which every reader of YAML reads back as it was."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[ ./-]+[A-Za-z0-9_]+)*")
"""Text that needs no quotes, unless it is one of these words in some version of YAML:"""
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_LONGEST_KEY = 500  # characters, escaped; readers look ahead for a colon no further than 1,024


def flow(value: object) -> str:
    """Write a document, or a part of it, in one line.

    Parameters
    ----------
    value
        Of mappings, lists, texts, numbers, truth values and ``None``.

    Raises
    ------
    ValueError
        If there is anything else in it, or a number that is not finite.
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(pair(key, each) for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "~"  # in a tree it is no value, and null would need quotes
    if isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    raise ValueError(f"a {type(value).__name__} cannot be written as YAML")


def pair(key: object, value: object, *, indent: str = "") -> str:
    """Write a key and its value, in one line unless the key is too long for that.

    Parameters
    ----------
    indent
        What a second line of a block begins with; empty within ``{}``.
    """
    name = flow(key)
    if len(name) <= _LONGEST_KEY:
        return f"{name}: {flow(value)}"
    return f"? {name}\n{indent}: {flow(value)}" if indent else f"? {name} : {flow(value)}"


def comment(text: str) -> str:
    """Write a comment, in one line whatever there is in it."""
    return "# " + "".join(c if c.isprintable() else " " for c in text)


def _text(text: str) -> str:
    if _BARE.fullmatch(text) and text.isascii() and text.lower() not in _WORDS:
        return text
    return f'"{"".join(map(_character, text))}"'


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def document(value: Mapping[str, Any]) -> str:
    """Write a whole document, a line for each of its outermost keys."""
    return "".join(f"{pair(key, each, indent=' ')}\n" for key, each in value.items())


def block(value: Mapping[str, Any], *, width: int = 88, indent: str = "") -> str:
    """Write a document for people: what does not fit into a line has lines of its own.

    Parameters
    ----------
    width
        The longest line of a mapping, in characters; texts and lists are not broken.
    """
    lines = []
    for key, each in value.items():
        line = f"{indent}{pair(key, each, indent=f'{indent} ')}\n"
        if isinstance(each, Mapping) and each and len(line) > width:
            line = f"{indent}{flow(key)}:\n{block(each, width=width, indent=f'{indent}  ')}"
        lines.append(line)
    return "".join(lines)
