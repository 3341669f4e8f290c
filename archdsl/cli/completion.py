"""`archdsl completion`: the lines that teach a shell to complete the words of the other commands."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Write the lines that let a shell complete words.

    \b
    Example:
      source <(archdsl completion bash)         in ~/.bashrc
      source <(archdsl completion zsh)          in ~/.zshrc
      archdsl completion fish | source          in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from archdsl.cli import main

    made = get_completion_class(shell)
    assert made is not None, "click knows these shells"
    click.echo(made(main, {}, "archdsl", "_ARCHDSL_COMPLETE").source())
