"""What every command shares: `--json`, `--credentials`, its screen, its door, and how it fails."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer
from pydantic import ValidationError

from gateway.cli.door import Door
from gateway.cli.failures import REFUSED, CliFailure
from gateway.cli.screen import Screen
from gateway.cli.settings import CREDENTIALS, CliSettings, read_settings

P = ParamSpec("P")


class Session:
    """One command's screen and door."""

    def __init__(self, *, as_json: bool = False, credentials: Path = CREDENTIALS) -> None:
        self.screen = Screen(as_json=as_json)
        self.credentials = credentials

    def settings(self) -> CliSettings:
        """Return the settings; raises CliFailure when a variable is nonsense."""
        try:
            return read_settings(self.credentials)
        except ValidationError as error:
            names = ", ".join(f"JINGWEI_{str(e['loc'][0]).upper()}" for e in error.errors())
            raise CliFailure(
                "cli.bad_settings", f"{names}: not a usable value.", cure="Correct or unset it."
            ) from error

    def door(self) -> Door:
        """Return a door for the length of a block."""
        return Door(self.settings())


_SHARED = {
    "as_json": (
        Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")],
        False,
    ),
    "credentials": (
        Annotated[
            Path,
            typer.Option(
                envvar="JINGWEI_CREDENTIALS",
                help="File with JINGWEI_URL, JINGWEI_CLIENT_ID and JINGWEI_CLIENT_SECRET; the "
                "environment wins over it.",
                show_default="var/admin.env",
            ),
        ],
        CREDENTIALS,
    ),
}


def command(run: Callable[Concatenate[Session, P], Any]) -> Callable[..., None]:
    """Make a typer command of a function that takes a session first.

    Adds `--json` and `--credentials` to its options, and makes it end with a code and a cure
    instead of a traceback.
    """

    @functools.wraps(run)
    def guarded(*args: Any, as_json: bool, credentials: Path, **options: Any) -> None:
        session = Session(as_json=as_json, credentials=credentials)
        try:
            run(session, *args, **options)
        except CliFailure as failure:
            session.screen.failure(failure)
            raise typer.Exit(failure.exit_code) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            raise typer.Exit(REFUSED) from None

    hints = get_type_hints(run, include_extras=True)
    own = list(inspect.signature(run).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter(name, keyword, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]
    parameters = [p.replace(annotation=hints[p.name], kind=keyword) for p in own] + shared
    # Typer reads both; the session itself is no option.
    guarded.__dict__["__signature__"] = inspect.Signature(parameters)
    guarded.__annotations__ = {p.name: p.annotation for p in parameters}
    return guarded
