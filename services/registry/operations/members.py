"""Use cases of members of the governance force."""

from __future__ import annotations

from functools import partial

from services.registry.domain.people_problems import MemberInUse, MemberNotFound
from services.registry.domain.persons import read_person
from services.registry.operations import personal as shared
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.personal import MEMBER
from services.registry.operations.work import Work, personal
from services.registry.storage import appointments, memberships
from services.registry.storage.rows import Row
from services.registry.storage.tables import MEMBERS

_PLAIN = ("kind",)


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a member: `wanted` over what is stored."""
    own = personal(work)
    kept = stored or {"public_contact": False}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    values["public_contact"] = wanted.get("public_contact", kept["public_contact"])
    if "kind" in wanted:
        own.people.lists.check("member_kinds", wanted["kind"], "/kind")
    code = wanted.get("division_code", kept.get("division_code"))
    values["division_code"] = await places.division_of(work, code)
    values["organization_id"] = await references.referred_id(
        work, references.ORGANIZATION, wanted, "organization", stored
    )
    read = read_person({n: wanted[n] for n in MEMBER.fields if n in wanted}, work.today)
    shared.refuse_wrong(read)
    clear = {name: value for name, value in read.clear.items() if name in MEMBER.fields}
    return values | clear


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end of a member who still holds posts, or is in a team: MemberInUse."""
    count = await appointments.held(work.tx, row["id"], work.today)
    count += await memberships.held(work.tx, work.today, member_id=row["id"])
    if count:
        raise MemberInUse(count=count)


MEMBERS_KEPT = Kept(
    "member",
    MEMBERS,
    MemberNotFound,
    settle,
    may_end,
    seal=partial(shared.seal, MEMBER),
    noted=shared.noted,
    counts=False,
)
