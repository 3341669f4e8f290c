"""The options of every command that checks a spec first: values for parameters, sizes for symbols, limits, colour."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _settings(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, sign, words = value.partition("=")
        if not sign or not words.strip() or not name.strip().isidentifier():
            raise click.BadParameter(f"{value!r} is not of the form NAME=VALUE")
        _add(pairs, name.strip(), words)
    return pairs


def _sizes(_: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """Sizes by the name of their input; the name is empty where it was left out."""
    pairs: dict[str, tuple[int, ...]] = {}
    for value in values:
        form = re.fullmatch(r"(?:([^\W\d]\w*)=)?([0-9]{1,18}(?:x[0-9]{1,18})*)", value)
        if not form:
            raise click.BadParameter(f"{value!r} is not of the form NAME=1x3x224x224")
        _add(pairs, form[1] or "", tuple(map(int, form[2].split("x"))))
    return pairs


def _limits(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> None:
    """Put other limits in force until the command ends."""
    from archdsl.limits import limited

    pairs: dict[str, int] = {}
    for value in values:
        form = re.fullmatch(r"([a-z]+)=([0-9_]{1,18})", value)
        if not form:
            raise click.BadParameter(f"{value!r} is not of the form NAME=NUMBER")
        _add(pairs, form[1], int(form[2].replace("_", "")))
    try:
        context.with_resource(limited(pairs))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


Given = TypeVar("Given")


def _add(pairs: dict[str, Given], name: str, value: Given) -> None:
    if name in pairs:
        raise click.BadParameter(f"{name or 'the input'} is given twice")
    pairs[name] = value


def inputs_of_a_check(command: Command) -> Command:
    """The options of every command that checks a spec first."""
    settings = click.option(
        "--set", "settings", multiple=True, callback=_settings, metavar="NAME=VALUE", help="Give a parameter a value."
    )
    sizes = click.option(
        "--input", "sizes", multiple=True, callback=_sizes, metavar="[NAME=]1x3x224x224", help="Fix an input's sizes."
    )
    color = click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colour in diagnostics."
    )
    limits = click.option(
        "--limit",
        multiple=True,
        callback=_limits,
        expose_value=False,
        metavar="NAME=NUMBER",
        help="Change how much a spec may ask for.",
    )
    return settings(sizes(limits(color(command))))
