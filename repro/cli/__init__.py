"""The command line: a command parses, calls one function, echoes.

Nothing but click is imported at the top of any module here, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from repro import __version__

#: Command -> (module below this package, name of the command in it), in the order of the help.
COMMANDS = {
    "smoke": ("measure", "smoke"),
    "quick": ("measure", "quick"),
    "full": ("measure", "full"),
    "plan": ("plan", "plan"),
    "doctor": ("doctor", "doctor"),
    "score": ("score", "score"),
    "models": ("models", "models"),
    "weights": ("weights", "weights"),
    "verify": ("verify", "verify"),
    "keygen": ("keygen", "keygen"),
    "import": ("import_", "import_"),
    "report": ("report", "report"),
    "compare": ("compare", "compare"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
# Whatever the command: `main` looks for it where an error arrives.
@click.option(
    "--verbose", is_flag=True, expose_value=False, help="Show the stack trace of an error."
)
@click.version_option(__version__, prog_name="tta-energy")
def cli() -> None:
    """Measure what an audio generator costs in energy, sign it, and draw it.

    \b
    Start here:
      tta-energy smoke          the whole path without a GPU, in about a minute
      tta-energy plan full      what the paper's protocol asks for; runs nothing
      tta-energy full           measure it
    """  # noqa: D301 - click's mark for lines that stay as they are is the character itself


def main() -> None:
    """Run a command; turn an error into one line and its exit code."""
    from repro.errors import ExitCode, TtaError  # noqa: PLC0415

    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.ERROR
    except TtaError as error:
        if "--verbose" in sys.argv:
            raise
        click.echo(f"error: {error}", err=True)
        code = error.exit_code
    sys.exit(int(code or 0))
