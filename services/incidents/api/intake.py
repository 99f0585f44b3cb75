"""The intake's look ahead: the grid is asked for before any database connection is taken."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from kit.auth import Principal
from kit.coordinates import to_cgcs2000
from kit.errors import FieldError, Invalid, Problem, Text
from kit.web import deps
from kit.web.route import ContractRoute
from services.incidents.api.schemas.incidents import ReportIn
from services.incidents.domain.places import Point, Whereabouts
from services.incidents.operations import reports

_ONE_PLACE = Text(
    "Send a point, a grid code or an address; a grid code not beside a point.",
    "请提供坐标、网格编码或地址之一；网格编码不能与坐标同时提供。",
)


class IntakeRoute(ContractRoute):
    """A contract route that looks for the place of a report before it does anything else.

    With an Idempotency-Key the route below holds a transaction from its first step on; a slow
    partition would then hold every connection of the pool.  What the look ahead meets, a refusal
    too, is only used when the report is really new: a repeated key still gets its first answer.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the contract route's handler."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request.state.ahead = await _look_ahead(request)
            return await inner(request)

        return handle


async def _look_ahead(request: Request) -> Whereabouts | Problem | None:
    caller = await deps.authenticate(request)
    if "incidents:report" not in caller.scopes:
        return None
    try:
        report = as_report(ReportIn.model_validate_json(await request.body()))
        return await reports.find_place(report, caller, request.app.state.finder)
    except ValidationError:
        return None
    except Problem as problem:
        return problem


def as_report(body: ReportIn) -> reports.Report:
    """Return what was reported, in CGCS2000; raises Invalid unless exactly one place is given."""
    places = sum(given is not None for given in (body.point, body.grid_code))
    if places > 1 or (places == 0 and body.address is None):
        raise Invalid(errors=[FieldError("place.one_needed", _ONE_PLACE, pointer="/point")])
    point = body.point
    at = to_cgcs2000(point.lon, point.lat, point.crs) if point else None
    return reports.Report(
        category_code=body.category_code,
        source=body.source,
        text=body.text,
        point=Point(*at) if at else None,
        grid_code=body.grid_code,
        address=body.address,
        attributes=body.attributes,
        occurred_at=body.occurred_at,
        dedup_key=body.dedup_key,
    )


async def _placed_report(
    body: ReportIn,
    request: Request,
    caller: Annotated[Principal, deps.needs("incidents:report")],
) -> tuple[reports.Report, Whereabouts]:
    report = as_report(body)
    ahead = request.state.ahead
    if isinstance(ahead, Problem):
        raise ahead
    if ahead is None:
        ahead = await reports.find_place(report, caller, request.app.state.finder)
    return report, ahead


PlacedReport = Annotated[tuple[reports.Report, Whereabouts], Depends(_placed_report)]
"""The report of the body, and its place as far as it could be found at once."""
