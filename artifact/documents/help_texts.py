"""What every command says of itself, for COMMANDS.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from repro.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = "tta-energy"
WIDTH = 90


def help_texts() -> str:
    """Return the help of each command below a heading, in the order of the program's own."""
    return "\n\n".join(_section(path, command) for path, command in commands(cli, PROGRAM))


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below this one by its whole name, groups by what they hold."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name=path)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None:
            yield from commands(found, f"{path} {name}")


def _section(path: str, command: click.Command) -> str:
    # The settings of the program itself, which a command inherits when it is called.
    context = click.Context(
        command,
        info_name=path,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=cli.context_settings["help_option_names"],
    )
    text = command.get_help(context).rstrip()
    return f"## {path}\n\n```text\n{text}\n```"
