"""The one way to a terminal: what comes from elsewhere is seen there, and has no effect."""

from typing import Any

import click
from rich.console import Console

from mapinfra.text import visible_lines


class Terminal(Console):
    """A console for plain text, line by line; colours and marks are given by `style` alone."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, soft_wrap=True)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts as `visible` shows them."""
        super().print(*(_harmless(one) for one in objects), **options)


def say(text: str) -> None:
    """Print text on stderr."""
    click.echo(_harmless(text), err=True)


def _harmless(text: Any) -> Any:
    return "\n".join(visible_lines(text)) if isinstance(text, str) else text
