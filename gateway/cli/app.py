"""The command line's commands in one place."""

from __future__ import annotations

import typer

from gateway.cli import clients, districts, examination, incidents

_HELP = (
    "Jingwei: households become grids of 300-500, and a report finds its grid.\n\n"
    "Address and client come from JINGWEI_URL, JINGWEI_CLIENT_ID and JINGWEI_CLIENT_SECRET, or "
    "from var/admin.env, which `make run` writes.  Exit codes: 0 done, 1 refused, 2 wrong usage, "
    "3 not reachable."
)


def build() -> typer.Typer:
    """Return the application."""
    app = typer.Typer(
        name="jingwei",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for run in (
        districts.load,
        districts.plan,
        incidents.locate,
        incidents.report,
        clients.token,
        districts.cut,
        examination.doctor,
    ):
        app.command()(run)
    app.add_typer(clients.app, name="clients")
    return app
