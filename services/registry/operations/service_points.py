"""Use cases of service points."""

from __future__ import annotations

from kit.web.schemas import Crs
from services.registry.domain.opening_hours import normalised_hours
from services.registry.domain.organization_problems import ServicePointNotFound
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work
from services.registry.storage.rows import Row
from services.registry.storage.tables import SERVICE_POINTS

_PLAIN = ("name", "kind", "services", "address", "phone", "opening_hours")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a service point: `wanted` over what is stored."""
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    work.rules.kinds.check("service_point", values["kind"])
    values["services"] = list(dict.fromkeys(values["services"] or []))
    if values["opening_hours"] is not None:
        values["opening_hours"] = normalised_hours(values["opening_hours"])
    code = wanted.get("community_code", kept.get("community_code"))
    shape = None
    if stored is None or "geometry" in wanted:
        values |= {"geometry": None, **places.NO_EXTENT}
        if wanted.get("geometry") is not None:
            crs: Crs = wanted.get("crs", "CGCS2000")
            around = await places.expected_extent(work, code)
            values["geometry"], shape = places.checked(wanted["geometry"], crs, around)
            values |= places.extent_of(shape)
    values["community_code"] = await places.community_of(work, code, shape)
    values["organization_id"] = await references.referred_id(
        work, references.ORGANIZATION, wanted, "organization", stored
    )
    return values


SERVICE_POINTS_KEPT = Kept(
    "service_point", SERVICE_POINTS, ServicePointNotFound, settle, counts=False
)
