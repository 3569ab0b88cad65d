"""The command that writes a hierarchy to a file."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from anon_dagster.cli.printing import print_result, save

if TYPE_CHECKING:
    from anon_dagster.cli.arguments import Commands

FORMS = ("tree", "arx")  # those of core.builders, which takes long to import


def add_commands(commands: "Commands") -> None:
    """Add the command that writes a hierarchy."""
    hierarchy = commands.add_parser(
        "hierarchy",
        help="write the hierarchy that a request has for a column, with every value of the source; "
        "the source is read by this command itself",
    )
    hierarchy.add_argument("request", type=Path, help="the YAML file of the request")
    hierarchy.add_argument("column", help="the name of the column")
    hierarchy.add_argument("--output", type=Path, required=True, help="the file that it goes to")
    hierarchy.add_argument("--form", choices=FORMS, default="tree", help="ours, or that of ARX")
    hierarchy.set_defaults(run=_export)


def _export(asked: argparse.Namespace) -> int:
    from anon_dagster.operations.export import export_hierarchy

    text = export_hierarchy(asked.request, asked.column, form=asked.form).encode()
    save(asked.output, lambda file: file.write(text))
    path = str(asked.output)
    print_result(asked, {"column": asked.column, "form": asked.form, "path": path}, path)
    return 0
