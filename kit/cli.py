"""The command line of every deployable: serve, migrate, openapi; each adds its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer
from fastapi import FastAPI

from kit import logs, migrations
from kit.server import serve
from kit.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Deployable:
    """What the command line needs to know of a service."""

    name: str
    package_dir: Path
    settings: Callable[[], ServiceSettings]
    create_app: Callable[..., FastAPI]
    default_port: int


def command_line(deployable: Deployable) -> typer.Typer:
    """Return the commands that every deployable has."""
    cli = typer.Typer(
        no_args_is_help=True, add_completion=False, help=f"Jingwei: {deployable.name}"
    )

    @cli.command("serve")
    def serve_command() -> None:
        """Serve HTTP until stopped."""
        settings = deployable.settings()
        logs.configure(deployable.name, settings.log_level)
        serve(deployable.create_app(settings), settings, default_port=deployable.default_port)

    @cli.command("migrate")
    def migrate_command() -> None:
        """Bring the database to the newest revision."""
        settings = deployable.settings()
        logs.configure(deployable.name, settings.log_level)
        migrations.upgrade(deployable.package_dir, settings.database_url)

    @cli.command("openapi")
    def openapi_command() -> None:
        """Print the OpenAPI document; needs no database."""
        app = deployable.create_app(deployable.settings())
        json.dump(app.openapi(), sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
        sys.stdout.write("\n")

    return cli
