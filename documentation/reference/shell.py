"""The page of the shell: every command, as its help has it."""

import argparse
from collections.abc import Iterator

from anon_dagster.cli import _parser
from documentation.reference.markdown import code, table

HEAD = """# The shell

For whoever types: every command of `anon` with its arguments. [Jobs](../client.md) tells what they are for,
with examples; [exit codes](errors.md#exit-codes-of-anon) what they end with.

"""


def page() -> str:
    """Return the page: what goes before every command, then each of them."""
    parser = _parser()
    sections = [f"{HEAD}## Before any command\n\n{_arguments(parser)}"]
    for name, help_text, command in _commands(parser):
        sections.append(
            f"## anon {name}\n\n{_sentence(help_text)}\n\n{_usage(command)}{_arguments(command)}"
        )
    return "\n".join(sections)


def _commands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001 (argparse has no other way)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {each.dest: each.help or "" for each in action._choices_actions}  # noqa: SLF001
            for name, command in action.choices.items():
                yield name, helps.get(name, ""), command
                for inner, text, below in _commands(command):
                    yield f"{name} {inner}", text, below


def _usage(command: argparse.ArgumentParser) -> str:
    text = command.format_usage().removeprefix("usage: ").strip()
    return f"```text\n{text}\n```\n\n"


def _arguments(parser: argparse.ArgumentParser) -> str:
    rows = [
        (_name(action), _sentence(_help(action)))
        for action in parser._actions  # noqa: SLF001
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)  # noqa: SLF001
    ]
    return table(["argument", "is"], rows) if rows else ""


def _name(action: argparse.Action) -> str:
    names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    if action.choices is not None and action.option_strings:
        return f"`{names} {{{','.join(map(str, action.choices))}}}`"
    takes = action.option_strings and action.nargs != 0
    return code(f"{names} {str(action.metavar or action.dest).upper()}" if takes else names)


def _help(action: argparse.Action) -> str:
    text = (action.help or "").replace("%%", "%")
    return text if text != argparse.SUPPRESS else ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') or not text else '.'}"
