"""Mutants of a module: functions changed in one place, by the operators of cosmic-ray."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import CodeType

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

_SWAPPED = {
    "Comparison": (
        ("Eq", "NotEq"), ("NotEq", "Eq"), ("Lt", "LtE"), ("Lt", "GtE"), ("LtE", "Lt"),
        ("LtE", "Gt"), ("Gt", "GtE"), ("Gt", "LtE"), ("GtE", "Gt"), ("GtE", "Lt"),
        ("Is", "IsNot"), ("IsNot", "Is"),
    ),
    "Binary": (
        ("Add", "Sub"), ("Sub", "Add"), ("Mul", "Add"), ("Div", "Mul"), ("FloorDiv", "Mul"),
        ("Mod", "FloorDiv"), ("Pow", "Mul"), ("BitAnd", "BitOr"), ("BitOr", "BitAnd"),
        ("LShift", "RShift"),
    ),
    "Unary": (("USub", "UAdd"),),
}  # fmt: skip
_NAMES = (
    *(
        f"Replace{kind}Operator_{old}_{new}"
        for kind, pairs in _SWAPPED.items()
        for old, new in pairs
    ),
    "ReplaceUnaryOperator_Delete_Invert",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "ZeroIterationForLoop",
)
"""One or two replacements of an operator stand for all: others are noticed by the same tests."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    path: Path
    operator: str
    occurrence: int
    line: int

    @cached_property
    def code(self) -> str:
        """The changed module."""
        original = self.path.read_text(encoding="utf-8")
        changed = mutate_code(original, get_operator(f"core/{self.operator}")(), self.occurrence)
        return original if changed is None else str(changed)

    @cached_property
    def lines(self) -> tuple[str, str]:
        """The first line that differs, as it was and as it is now."""
        pair = (self.path.read_text(encoding="utf-8"), self.code)
        sides = zip(*(text.splitlines() for text in pair), strict=False)
        old, new = next((old, new) for old, new in sides if old != new)
        return old.strip(), new.strip()

    @cached_property
    def functions(self) -> dict[tuple[str, int], CodeType]:
        """The functions that differ, by name and line."""
        old = _functions_of(self.path)
        return {
            key: code
            for key, code in _functions(self.code, self.path).items()
            if key in old and not _same(code, old[key])
        }

    @property
    def differs(self) -> bool:
        """Whether the change makes a difference to a function, and can be compiled."""
        try:
            return bool(self.functions)
        except SyntaxError:  # no alternative of a pattern, say
            return False


def candidates(path: Path) -> Iterator[Mutant]:
    """List the places of a module where an operator changes what a function does, or seems to."""
    source = path.read_text(encoding="utf-8")
    inside = _lines_of_functions(ast.parse(source))
    nodes = list(ast_nodes(get_ast(source)))
    for name in _NAMES:
        operator = get_operator(f"core/{name}")()
        places = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, (line, _) in enumerate(places):
            if line in inside:
                yield Mutant(path, name, occurrence, line)


def statement_lines(path: Path) -> dict[int, range]:
    """Return the lines of the innermost statement, without its body, around each line."""
    statements = [
        s for s in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(s, ast.stmt)
    ]
    lines: dict[int, range] = {}
    for statement in sorted(statements, key=lambda s: s.lineno):
        body = getattr(statement, "body", None)
        end = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
        own = range(statement.lineno, max(end, statement.lineno) + 1)
        lines |= dict.fromkeys(own, own)
    return lines


def _lines_of_functions(module: ast.Module) -> set[int]:
    """Return the lines of what functions do: neither signatures, nor constants of the module."""
    functions = [
        n for n in ast.walk(module) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    bodies = [range(f.body[0].lineno, (f.end_lineno or f.lineno) + 1) for f in functions]
    return {line for body in bodies for line in body}


@cache
def _functions_of(path: Path) -> dict[tuple[str, int], CodeType]:
    """Compile the functions and methods of a module as it is."""
    return _functions(path.read_text(encoding="utf-8"), path)


def _functions(source: str, path: Path) -> dict[tuple[str, int], CodeType]:
    """Compile the functions and methods of a module; what they define inside is in their code."""
    found: dict[tuple[str, int], CodeType] = {}
    scopes = [compile(source, str(path), "exec")]
    while scopes:
        for code in scopes.pop().co_consts:
            if isinstance(code, CodeType):
                if "__qualname__" in code.co_names and not code.co_flags & 2:  # a class's body
                    scopes.append(code)
                else:
                    found[code.co_qualname, code.co_firstlineno] = code
    return found


def _same(one: CodeType, other: CodeType) -> bool:
    """Tell whether two functions do the same, wherever in a line it is written."""
    plain = [code.replace(co_linetable=b"", co_consts=()) for code in (one, other)]
    if plain[0] != plain[1] or len(one.co_consts) != len(other.co_consts):
        return False
    pairs = zip(one.co_consts, other.co_consts, strict=True)
    return all(
        _same(a, b)
        if isinstance(a, CodeType) and isinstance(b, CodeType)
        else (type(a), repr(a)) == (type(b), repr(b))
        for a, b in pairs
    )
