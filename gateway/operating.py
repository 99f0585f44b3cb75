"""What the operator does at the machine: clients and keys, straight in the gateway's database."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gateway.app import create_app, published
from gateway.settings import Settings
from gateway.tokens import clients, storage
from gateway.tokens.domain import Client, is_secret
from gateway.tokens.hashing import SecretHasher
from gateway.tokens.keeping import rotate
from kit import logs
from kit.auth import SCOPES
from kit.clock import SystemClock
from kit.db import Database, Tx
from kit.errors import Problem
from kit.ids import new_id
from kit.sealing.keys import KeyFileError, read_key_ring

T = TypeVar("T")

_EVERYWHERE = ("*",)
_STDIN = Path("-")
clients_cli = typer.Typer(no_args_is_help=True, help="Service clients, without the API.")
keys_cli = typer.Typer(no_args_is_help=True, help="Keys that sign tokens.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ClientIdArgument = Annotated[str, typer.Argument(help="The client's id.")]


def _run(work: Callable[[Tx, Settings, SecretHasher, datetime], Awaitable[T]]) -> T:
    """Run one unit of work; a refusal is one line and exit code 1."""
    settings = Settings()
    logs.configure("gateway", "WARNING")

    async def run() -> T:
        database = Database(settings.database_url, application="gateway-cli", pool_size=1)
        hasher = SecretHasher(workers=1, waiting_max=1)
        try:
            async with database.unit_of_work() as tx:
                return await work(tx, settings, hasher, SystemClock().now())
        finally:
            hasher.close()
            await database.close()

    try:
        return asyncio.run(run())
    except Problem as problem:
        raise _refusal(str(problem)) from problem
    except KeyFileError as error:
        raise _refusal(str(error)) from error


def _refusal(text: str) -> typer.Exit:
    sys.stderr.write(text + "\n")
    return typer.Exit(1)


def _print(content: dict[str, Any] | list[Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(content, ensure_ascii=False, default=str) + "\n")
        return
    for row in content if isinstance(content, list) else [content]:
        sys.stdout.write("  ".join(f"{name}={value}" for name, value in row.items()) + "\n")


@clients_cli.command("create")
def create_client(
    name: Annotated[str, typer.Option(help="What the client is for.")],
    scope: Annotated[list[str], typer.Option(help="A scope; repeat for more.")],
    area: Annotated[list[str] | None, typer.Option(help="A code prefix or *; repeat.")] = None,
    organization_id: Annotated[str | None, typer.Option(help="Its organization.")] = None,
    client_id: Annotated[str | None, typer.Option("--id", help="Its id; made if left out.")] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(help="Read its secret here (- is stdin), or write the made one (0600)."),
    ] = None,
    ensure: Annotated[
        bool, typer.Option(help="Let it be so whatever was there; needs --id and --secret-file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a client; with --ensure, repeating the command changes nothing."""
    unknown = sorted(set(scope) - set(SCOPES))
    if unknown:
        raise _refusal(f"unknown scopes: {', '.join(unknown)}")
    if ensure and (client_id is None or secret_file is None):
        raise _refusal("--ensure needs --id and --secret-file")
    client = Client(
        client_id=client_id or str(new_id()),
        name=name,
        scopes=tuple(sorted(set(scope))),
        areas=tuple(sorted(set(area or ()))),
        organization_id=organization_id,
    )
    secret = _secret(secret_file)

    async def work(tx: Tx, _: Settings, hasher: SecretHasher, now: datetime) -> bool:
        if ensure:
            return await clients.ensure(tx, client, secret, hasher=hasher, now=now)
        await clients.create(
            tx, client, by_areas=_EVERYWHERE, hasher=hasher, now=now, secret=secret
        )
        return True

    made: dict[str, Any] = {"client_id": client.client_id, "created": _run(work)}
    if secret_file is None:
        made["client_secret"] = secret
    _print(made, as_json=as_json)


def _secret(path: Path | None) -> str:
    if path is None:
        return clients.fresh_secret()
    if path == _STDIN:
        return _checked(sys.stdin.readline().strip(), "stdin")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(clients.fresh_secret() + "\n", encoding="ascii")
    return _checked(path.read_text(encoding="ascii").strip(), str(path))


def _checked(secret: str, source: str) -> str:
    if not is_secret(secret):
        raise _refusal(f"{source} holds no client secret (jw_...)")
    return secret


@clients_cli.command("list")
def list_clients(as_json: AsJson = False) -> None:
    """List every client."""

    async def work(tx: Tx, _: Settings, _hasher: SecretHasher, now: datetime) -> list[Any]:
        rows = (await tx.execute(storage.listed(_EVERYWHERE))).mappings().all()
        return [
            {
                "client_id": row["client_id"],
                "name": row["name"],
                "state": storage.as_client(row).state(now),
                "scopes": " ".join(row["scopes"]),
                "areas": " ".join(row["areas"]),
                "secrets": len(row["secrets"]),
            }
            for row in rows
        ]

    _print(_run(work), as_json=as_json)


@clients_cli.command("rotate")
def rotate_client(client_id: ClientIdArgument, as_json: AsJson = False) -> None:
    """Give a client a second secret; remove the old one when it has changed over."""

    async def work(tx: Tx, _: Settings, hasher: SecretHasher, now: datetime) -> clients.NewSecret:
        return await clients.add_secret(tx, client_id, by_areas=_EVERYWHERE, hasher=hasher, now=now)

    made = _run(work)
    _print({"secret_id": str(made.secret_id), "client_secret": made.text}, as_json=as_json)


@clients_cli.command("revoke")
def revoke_client(client_id: ClientIdArgument) -> None:
    """Revoke a client; its tokens stop working within 30 s everywhere."""

    async def work(tx: Tx, _: Settings, _hasher: SecretHasher, now: datetime) -> None:
        await clients.revoke(tx, client_id, by_areas=_EVERYWHERE, now=now)

    _run(work)


@keys_cli.command("rotate")
def rotate_key(
    at_once: Annotated[
        bool, typer.Option("--at-once", help="The old key has leaked: its tokens end now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new signing key; without --at-once nobody notices the change."""

    async def work(
        tx: Tx, settings: Settings, _: SecretHasher, now: datetime
    ) -> tuple[str, datetime]:
        may_make = settings.environment == "development"
        ring = read_key_ring(settings.key_file, may_make=may_make)
        lifetime_s = settings.token_lifetime_s
        return await rotate(tx, ring, now=now, lifetime_s=lifetime_s, at_once=at_once)

    kid, begins = _run(work)
    _print({"kid": kid, "signs_from": begins.isoformat()}, as_json=as_json)


def add_contract_command(cli: typer.Typer) -> None:
    """Add `contract`, which prints the merged document of all services."""

    @cli.command("contract")
    def contract_command(
        check: Annotated[bool, typer.Option(help="Fail when documents conflict.")] = False,
    ) -> None:
        """Print the merged OpenAPI document; needs no database."""
        settings = Settings()
        logs.configure("gateway", "WARNING")
        merged = published(settings, create_app(settings))
        if check and merged.conflicts:
            raise _refusal("\n".join(merged.conflicts))
        json.dump(merged.document, sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
        sys.stdout.write("\n")
