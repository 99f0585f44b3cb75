"""Commands about a place: which grid holds it, and reporting an incident there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

import typer

from gateway.cli.door import JSON
from gateway.cli.failures import REFUSED
from gateway.cli.session import Session, command

CrsWord = Literal["CGCS2000", "WGS84", "GCJ02", "BD09"]
CrsOption = Annotated[CrsWord, typer.Option(help="Reference of the position.")]


@command
def locate(
    session: Session,
    lon: Annotated[float, typer.Argument(help="Longitude in degrees.")],
    lat: Annotated[float, typer.Argument(help="Latitude in degrees.")],
    crs: CrsOption = "CGCS2000",
    as_of: Annotated[str | None, typer.Option(help="The grids of that moment or day.")] = None,
) -> None:
    """Tell which grid holds a point; exit code 1 when none does."""
    with session.door() as door:
        spot = door.get("/partition/v1/locate", lon=lon, lat=lat, crs=crs, as_of=as_of)
    session.screen.result(spot)
    if spot.get("grid_code"):
        names = f"{spot.get('grid_name') or ''} ({spot.get('community_name') or ''})"
        session.screen.say(f"{spot['grid_code']} {names}")
        return
    session.screen.say(f"No grid in force holds this point.{_nearest(spot)}")
    raise typer.Exit(REFUSED)


def _nearest(spot: JSON) -> str:
    nearest = spot.get("nearest")
    if not nearest:
        return ""
    return f" The nearest is {nearest['grid_code']}, {nearest['distance_m']:,.0f} m away."


def _fields(pairs: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each pair; numbers, true and false are taken as what they are."""
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            message = f"{pair!r} is not NAME=VALUE"
            raise typer.BadParameter(message)
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        yield name, value if isinstance(value, bool | int | float) else text


@command
def report(
    session: Session,
    category: Annotated[str, typer.Option(help="Four digits of a leaf category.")],
    lon: Annotated[float, typer.Option(help="Longitude in degrees.")],
    lat: Annotated[float, typer.Option(help="Latitude in degrees.")],
    text: Annotated[str, typer.Option(help="What was seen; name no person.")] = "",
    crs: CrsOption = "CGCS2000",
    field: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE that the category asks for; repeat for more."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: a repeat reports nothing twice.")
    ] = None,
) -> None:
    """Report an incident; its grid is found at once or filled in later."""
    body: JSON = {
        "category_code": category,
        "text": text,
        "attributes": dict(_fields(field or [])),
        "point": {"lon": lon, "lat": lat, "crs": crs},
    }
    with session.door() as door:
        made = door.post("/incidents/v1/incidents", body, key=key or f"cli-{uuid.uuid4()}")
    session.screen.result(made)
    where = made["grid_code"] or ("to be located" if made["locating"] else made["placement"])
    session.screen.say(f"{made['number']} {made['state']}, grid {where} ({made['id']})")
