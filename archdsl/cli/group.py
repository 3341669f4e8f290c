"""A group of commands, each in a file of its own, which is imported when the command is asked for.

No traceback escapes from it, unless ARCHDSL_DEBUG is set: what archdsl itself did wrong is told in one line.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from archdsl.cli import completing
from archdsl.garbage import uncollected
from archdsl.source import visible

ERRORS, WRONG_USE, OUR_FAULT, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141


class Misuse(click.ClickException):
    """A wrong use of the command, told in one line."""

    exit_code = WRONG_USE

    def __init__(self, message: str) -> None:
        super().__init__(visible(message))


class Commands(click.Group):
    """A group whose command NAME is the function NAME of the module NAME beside this one; no traceback escapes it."""

    def __init__(self, *words: Any, names: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(*words, **options)
        self.names = names

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.names)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.names:
            return None
        found: click.Command = getattr(import_module(f"{__package__}.{name}"), name)
        return found

    def make_context(self, *words: Any, **options: Any) -> click.Context:
        """The command line as it was read; words in it that are wrong are shown as text."""
        try:
            return super().make_context(*words, **options)
        except click.ClickException as wrong:
            _make_visible(wrong)
            raise

    def invoke(self, context: click.Context) -> Any:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(context)
        except click.ClickException as wrong:
            _make_visible(wrong)
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            context.exit(INTERRUPTED)
        except BrokenPipeError:
            _discard_output()
            context.exit(PIPE_CLOSED)
        except OSError as error:
            _discard_output()
            raise Misuse(str(error)) from error
        except Exception as fault:
            if os.environ.get("ARCHDSL_DEBUG"):
                raise
            words = visible(f"{type(fault).__name__}: {fault}".partition("\n")[0][:200])
            click.echo(f"Error: archdsl itself broke ({words}); please report this, with the spec", err=True)
            context.exit(OUR_FAULT)

    def main(self, *words: Any, **options: Any) -> Any:
        """Run a command. It makes little garbage, and looking for that would take a fifth of a short one."""
        with uncollected():
            if completing.asked():
                completing.prepare()
            try:
                return super().main(*words, **options)
            finally:
                gc.freeze()


def _make_visible(wrong: click.ClickException) -> None:
    """Show words of the command line in a message as text."""
    vars(wrong)["message"] = visible(wrong.message)  # Click calls it final, and reads it again when it is shown


def _discard_output() -> None:
    """Let go of what standard output has not taken, so that Python's exit does not try once more."""
    with suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
