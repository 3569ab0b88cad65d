"""YAML 1.2 becomes nested mappings; where values of a table stand, they are the text as written.

In the core schema of YAML 1.2 [1]_ ``NO``, ``08:30`` and ``2024-01-01`` are text, but ``01234`` is
the number 1234 and ``1.50`` the number 1.5. Where a request holds values of a table, a number or
``true`` therefore stands for the text that was written; ``null`` must be put in quotes there.

References
----------
.. [1] YAML Ain't Markup Language, version 1.2.2, 10.3 (https://yaml.org/spec/1.2.2/).
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.tag import Tag

_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"null|Null|NULL|~|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LONGEST_NUMBER = 400  # characters
_DEEPEST = 100  # mappings and lists within each other
_REPEATED = 100_000  # nodes that stand for what an earlier place says


class Below(Enum):
    """What the keys of a mapping are, and how the scalars below it are read."""

    words = auto()
    """Keys of the language of requests."""
    names = auto()
    """Names that an author gave, such as those of attributes; below them are words again."""
    texts = auto()
    """Values of a table, and other things that are text however they look."""
    tree = auto()
    """Values of a table, as keys too, which no error may show."""


_NAMING = frozenset({"attributes", "derive", "tables", "lowest_level", "highest_level"})
_TEXTS = frozenset(
    {
        *(
            "order",
            "missing",
            "guarded",
            "constant",
            "rest",
            "other",
            "small",
            "names",
            "attribute",
        ),
        *("person", "by", "sheet"),
        *(
            "features",
            "path",
            "query",
            "table",
            "connection",
            "separator",
            "decimal",
            "quote",
            "escape",
            "encoding",
            "character",
        ),
        *("format", "scope", "key_variable", "country", "schedule", "values", "examples"),
        *("cron", "timezone"),
        *("audit", "wait_at_most"),
        *("description", "pattern", "name_pattern", "parts"),
        *("from", "at", "from_format", "at_format"),
    }
)
"""Keys below which a document holds text."""


class YamlFault(Exception):  # noqa: N818 (it never leaves this package)
    """What is wrong with a document, and where; nothing of its text but a key."""

    def __init__(self, problem: str, line: int, column: int) -> None:
        super().__init__(f"{problem} (line {line + 1}, column {column + 1})")


class _Unresolved(VersionedResolver):
    """Leaves to :func:`_plain` what a scalar without quotes is."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0]:
            return _PLAIN
        return super().resolve(kind, value, implicit)


_PLAIN = Tag(suffix="!plain")


def read_yaml(text: str, top: Below = Below.words) -> Any:
    """Read a document; ``None`` if there is none.

    Parameters
    ----------
    top
        What the keys of the outermost mapping are.

    Raises
    ------
    YamlFault
        If the text is not YAML, a key stands twice, or a value needs quotes.
    RecursionError
        If it is nested deeper than Python can follow.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Resolver = _Unresolved
    try:
        node = yaml.compose(text)
    except (YAMLError, ValueError, AssertionError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        place = (0, 0) if mark is None else (mark.line, mark.column)
        fault = YamlFault(_problem(text, place), *place)
    else:
        return None if node is None else _Reader().read(node, _Place(top))
    raise fault  # outside of the handler: the parser's error quotes the text


def _problem(text: str, place: tuple[int, int]) -> str:
    lines = text.splitlines()
    line = lines[place[0]] if place[0] < len(lines) else ""
    indented = line[: len(line) - len(line.lstrip())]
    if "\t" in indented or line[place[1] : place[1] + 1] == "\t":
        return "is not YAML: a tab stands where YAML wants spaces"
    return "is not YAML"


class _Place(NamedTuple):
    below: Below
    listed: bool = False
    """Whether it is an entry of a list, not the value of a key."""

    def of(self, key: str) -> "_Place":
        """Return what is below a key."""
        if self.below is Below.names:
            return _Place(Below.words)
        if self.below is not Below.words:
            return _Place(self.below)
        if key == "nodes":
            return _Place(Below.tree)
        if key in _NAMING:
            return _Place(Below.names)
        return _Place(Below.texts if key in _TEXTS else Below.words)


class _Reader:
    """Turns the nodes of one document into Python's values."""

    def __init__(self) -> None:
        self._above: list[int] = []  # what the node that is read lies in
        self._seen: set[int] = set()
        self._repeated = 0

    def read(self, node: Node, place: _Place) -> Any:
        if isinstance(node, ScalarNode):
            return _scalar(node, place)
        self._enter(node)
        if isinstance(node, SequenceNode):
            _require_tag(node, "seq")
            below = place._replace(listed=True)
            found: Any = [self.read(each, below) for each in node.value]
        else:
            assert isinstance(node, MappingNode), "there are no other nodes"
            _require_tag(node, "map")
            found = self._mapping(node, place)
        self._above.pop()
        return found

    def _enter(self, node: Node) -> None:
        if id(node) in self._above:
            raise _fault("has something that contains itself", node)
        if len(self._above) == _DEEPEST:
            raise _fault(f"is nested more than {_DEEPEST} deep", node)
        if id(node) in self._seen:
            self._repeated += 1 + len(node.value)
            if self._repeated > _REPEATED:
                raise _fault("repeats too much by its aliases", node)
        self._seen.add(id(node))
        self._above.append(id(node))

    def _mapping(self, node: MappingNode, place: _Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        own = set()
        for key_node, value in node.value:
            key = _key(key_node, place)
            if key in own:
                shown = "a key" if place.below is Below.tree else f"the key {key}"
                raise _fault(f"has {shown} twice", key_node)
            own.add(key)
            if _is_merge(key_node):
                for each in self._merged(value, place):
                    merged = {**each, **merged}
            else:
                found[key] = self.read(value, place.of(key))
        return {**merged, **found}

    def _merged(self, node: Node, place: _Place) -> Iterator[dict[str, Any]]:
        for each in node.value if isinstance(node, SequenceNode) else [node]:
            if not isinstance(each, MappingNode):
                raise _fault("is not YAML: << takes a mapping", each)
            found: dict[str, Any] = self.read(each, place._replace(listed=False))
            yield found


def _key(node: Node, place: _Place) -> str:
    if not isinstance(node, ScalarNode):
        raise _fault("is not YAML that is understood: a key is no text", node)
    doubtful = _NULL.fullmatch(node.value) or node.value == "<<"
    if place.below is Below.tree and node.tag == _PLAIN and doubtful:
        raise _fault("has a value that is not clear: put it in quotes", node)
    return str(node.value)


def _is_merge(node: ScalarNode) -> bool:
    return bool(node.tag == _PLAIN and node.value == "<<")


def _scalar(node: ScalarNode, place: _Place) -> Any:
    text: str = node.value
    if node.tag == _PLAIN:
        return _text(node, place) if place.below in {Below.texts, Below.tree} else _plain(node)
    if node.tag == f"{_TAG}str":
        return text
    if node.tag in {f"{_TAG}{kind}" for kind in ("int", "float", "bool", "null")}:
        return _plain(node)
    raise _fault("is not YAML that is understood: it has a tag", node)


def _text(node: ScalarNode, place: _Place) -> str | None:
    """Return the text of a value that was written without quotes; nothing for no value."""
    text: str = node.value
    if not _NULL.fullmatch(text):
        return text
    if place.listed and (place.below is Below.texts or text not in {"", "~"}):
        raise _fault("has a value that is not clear: put it in quotes", node)
    return None


def _plain(node: ScalarNode) -> Any:
    """Return what a scalar without quotes is in the core schema."""
    text: str = node.value
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text.lower() == "true"
    if match := _INFINITE.fullmatch(text):
        return float("nan" if match[3] else f"{match[1]}inf")
    is_int, is_float = _INT.fullmatch(text), _FLOAT.fullmatch(text)
    if (is_int or is_float) and len(text) > _LONGEST_NUMBER:
        raise _fault("has a number that is too long", node)
    if is_int:
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return float(text) if is_float else text


def _require_tag(node: Node, kind: str) -> None:
    if node.tag != f"{_TAG}{kind}":
        raise _fault("is not YAML that is understood: it has a tag", node)


def _fault(problem: str, node: Node) -> YamlFault:
    return YamlFault(problem, node.start_mark.line, node.start_mark.column)
