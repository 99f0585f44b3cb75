"""Commands about access: a token for curl, and the service clients."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.cli.door import JSON, Door
from gateway.cli.failures import CliFailure
from gateway.cli.session import Session, command

CLIENTS = "/admin/v1/clients"
app = typer.Typer(no_args_is_help=True, help="List, make, rotate and revoke service clients.")
ClientArgument = Annotated[str, typer.Argument(help="Client id or name.")]


@command
def token(session: Session) -> None:
    """Print an access token: curl -H "Authorization: Bearer $(./jingwei token)" ..."""
    with session.door() as door:
        answer = door.token()
    session.screen.result(answer)
    session.screen.say(str(answer["access_token"]))


@app.command("list")
@command
def list_clients(session: Session) -> None:
    """List the service clients."""
    with session.door() as door:
        clients = list(door.pages(CLIENTS))
    session.screen.result(clients)
    columns = ["client_id", "name", "state", "areas", "scopes"]
    session.screen.table(
        "Service clients", columns, [[_joined(c.get(name)) for name in columns] for c in clients]
    )


@app.command("create")
@command
def create_client(
    session: Session,
    name: Annotated[str, typer.Argument(help="What the client is for.")],
    scope: Annotated[list[str], typer.Option(help="A scope; repeat for more.")],
    area: Annotated[list[str], typer.Option(help="A code prefix or *; repeat for more.")],
) -> None:
    """Make a client; its secret is shown this once."""
    body = {"name": name, "scopes": scope, "areas": area}
    with session.door() as door:
        made = door.post(CLIENTS, body)
    _show_secret(session, made)


@app.command("rotate")
@command
def rotate_client(session: Session, client: ClientArgument) -> None:
    """Give a client a second secret; the older one goes on until it is removed."""
    with session.door() as door:
        client_id = _find(door, client)["client_id"]
        made = door.post(f"{CLIENTS}/{client_id}/secrets", {})
    _show_secret(session, made | {"client_id": client_id})


@app.command("revoke")
@command
def revoke_client(session: Session, client: ClientArgument) -> None:
    """Revoke a client; its tokens stop working within 30 s everywhere."""
    with session.door() as door:
        found = _find(door, client)
        revoked = door.post(f"{CLIENTS}/{found['client_id']}/transitions", {"action": "revoke"})
    session.screen.result(revoked)
    session.screen.say(f"{client} is revoked.")


def _find(door: Door, wanted: str) -> JSON:
    for client in door.pages(CLIENTS):
        if wanted in (client["client_id"], client.get("name")):
            return client
    raise CliFailure(
        "cli.no_such_client",
        f"There is no client {wanted!r}.",
        cure="./jingwei clients list shows them.",
    )


def _show_secret(session: Session, made: JSON) -> None:
    session.screen.result(made)
    session.screen.say(f"JINGWEI_CLIENT_ID={made['client_id']}")
    session.screen.say(f"JINGWEI_CLIENT_SECRET={made['client_secret']}")
    session.screen.note("The secret is stored hashed and is not shown again.")


def _joined(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
