"""Import of residents: who lives in which household, and who is registered there.

A row names its household by source and id, or by community code and household number.  Columns
about ethnicity or religion are not known here and refused by name: they are not collected.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from kit.bulk.issues import RowIssue
from kit.bulk.noun import Apply, Counts, ImportContext, Noun, Row, SetStep, Staging
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.ids import new_id
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.identity import WARNINGS, Sex, remarks_on, sex_of
from services.registry.domain.people_problems import (
    AlreadyErased,
    HouseholderTaken,
    HouseholdMissing,
    RegistrationContradiction,
)
from services.registry.domain.problems import HouseholdNotFound
from services.registry.domain.residents import (
    RELATION_NAMES,
    RESIDENCE_TYPE_NAMES,
    SEX_NAMES,
    Relation,
    ResidenceType,
)
from services.registry.operations.imports.judging import issue_of
from services.registry.operations.imports.people import (
    LISTED,
    NUMBER_TEXT,
    YES_OR_NO,
    Sealer,
    SheetDate,
    SourceId,
    array_text,
    codes_of,
    hash_columns,
    person_of,
    spelled,
    told,
)
from services.registry.operations.personal import RESIDENT
from services.registry.operations.work import People
from services.registry.storage import imports
from services.registry.storage import resident_imports as storage
from services.registry.storage.imports import Imported
from services.registry.storage.tables import RESIDENTS

_FACTS = (
    "relation_to_householder",
    "residence_type",
    "sex",
    "birth_year",
    "tags",
    "warnings",
    "household_id",
    "registered_household_id",
)
_COLUMNS = (*_FACTS, "registered_elsewhere", "community_code", "ended_at", *RESIDENT.fields)
_KEY = ("source", "source_id")
_IMPORTED = Imported("resident", RESIDENTS, _KEY, _COLUMNS, "community_code", fresh_id="fresh_id")
_UPSERT = Upsert(
    RESIDENTS,
    key=_KEY,
    columns=(*_COLUMNS, *hash_columns(RESIDENT)),
    area="community_code",
    fresh_id="fresh_id",
)
_Code = Annotated[str, Field(pattern=r"^[0-9]{12}$"), NUMBER_TEXT]
_No = Annotated[str, Field(min_length=1, max_length=40), NUMBER_TEXT, PRINTABLE]
_Elsewhere = Annotated[bool | None, YES_OR_NO]


class ResidentRow(Row):
    """One person."""

    source: SourceName
    source_id: SourceId
    household_source: SourceName | None = None
    household_source_id: SourceId | None = None
    community_code: _Code | None = None
    household_no: _No | None = None
    registered_household_source: SourceName | None = None
    registered_household_source_id: SourceId | None = None
    registered_community_code: _Code | None = None
    registered_household_no: _No | None = None
    registered_elsewhere: _Elsewhere = None
    relation_to_householder: Annotated[Relation | None, spelled(RELATION_NAMES)] = None
    residence_type: Annotated[ResidenceType | None, spelled(RESIDENCE_TYPE_NAMES)] = None
    name: Annotated[str | None, Field(min_length=1, max_length=60), PRINTABLE] = None
    sex: Annotated[Sex | None, spelled(SEX_NAMES)] = None
    birth_date: SheetDate | None = None
    id_number: Annotated[str | None, Field(max_length=40), NUMBER_TEXT, PRINTABLE] = None
    phone: Annotated[str | None, Field(max_length=40), NUMBER_TEXT, PRINTABLE] = None
    tags: Annotated[list[str] | None, Field(max_length=20), LISTED] = None


_STAGING = (
    ("fresh_id", "uuid"),
    ("stored_id", "uuid"),
    ("source", "text"),
    ("source_id", "text"),
    ("relation_to_householder", "text"),
    ("residence_type", "text"),
    ("sex", "text"),
    ("birth_year", "integer"),
    ("tags", "text[]"),
    ("warnings", "text[]"),
    ("household_id", "uuid"),
    ("registered_household_id", "uuid"),
    ("registered_elsewhere", "boolean"),
    ("stated_elsewhere", "boolean"),
    ("community_code", "text"),
    ("ended_at", "timestamptz"),
    ("lives_source", "text"),
    ("lives_source_id", "text"),
    ("lives_code", "text"),
    ("lives_no", "text"),
    ("registered_source", "text"),
    ("registered_source_id", "text"),
    ("registered_code", "text"),
    ("registered_no", "text"),
    ("headed", "text"),
)


class _Residents:
    """The steps of the import, with the keys and lists that they need."""

    def __init__(self, people: People) -> None:
        self._people = people
        self.sealer = Sealer(RESIDENT, people)

    def stage(self, row: ResidentRow, context: ImportContext) -> Sequence[object]:
        """Return the staged values of a row, sealed; or refuse it."""
        given = {name: getattr(row, name) for name in RESIDENT.fields}
        read = person_of(given, row.source_id, context)
        number, born = read.clear.get("id_number"), read.clear.get("birth_date")
        sex = row.sex or (None if number is None else sex_of(number))
        remarks = remarks_on(number, self._people.lists.codes("id_provinces"), sex)
        tags = None
        if row.tags is not None:
            tags = array_text(sorted(set(codes_of(self._people, "tags", row.tags, "tags"))))
        fresh_id = new_id()
        return (
            fresh_id, None, row.source, row.source_id, row.relation_to_householder,
            row.residence_type, sex, None if born is None else date.fromisoformat(born).year, tags,
            None if number is None else array_text([remark.code for remark in remarks]),
            None, None, None, row.registered_elsewhere, None, None,
            row.household_source or row.source, row.household_source_id, row.community_code,
            row.household_no, row.registered_household_source or row.source,
            row.registered_household_source_id, row.registered_community_code,
            row.registered_household_no, None,
            *self.sealer.cells(fresh_id, f"{row.source}|{row.source_id}", read.clear),
        )  # fmt: skip

    async def check(self, tx: Tx, staging: Staging, context: ImportContext) -> None:
        """Refuse rows without a household, without a name, erased, or with a second householder."""
        await _UPSERT.check(tx, staging, context)
        await storage.resolve_households(tx, staging, context.areas, issue_of(HouseholdNotFound))
        for remark in WARNINGS.values():
            issue = RowIssue(remark.code, remark.text)
            await storage.remark(staging, issue)
        await storage.keep_derived(tx)
        await self.sealer.settle(tx, keep=("birth_date",))
        await imports.keep_unstated(tx, _IMPORTED, _FACTS, context.areas)
        await storage.refuse_erased(staging, issue_of(AlreadyErased))
        await storage.refuse_homeless(staging, issue_of(HouseholdMissing))
        await storage.refuse_nameless(staging)
        await storage.derive(tx)
        await storage.refuse_contradiction(staging, issue_of(RegistrationContradiction))
        await storage.refuse_hidden(staging, context.areas, issue_of(HouseholdNotFound))
        await storage.refuse_second_householders(staging, issue_of(HouseholderTaken))

    async def apply(self, tx: Tx, staging: Staging, context: ImportContext) -> Counts:
        """Write the rows, their history and the row of the audit trail."""
        await imports.note(tx, _IMPORTED, context)
        await storage.free_householders(tx)
        counts = await _UPSERT.apply(tx, staging, context)
        await told(tx, self._people, RESIDENT.noun, counts, context)
        return counts


def resident_noun(people: People) -> Noun[ResidentRow]:
    """Return how residents are imported."""
    steps = _Residents(people)
    check: SetStep = steps.check
    apply: Apply = steps.apply
    return Noun(
        name="residents",
        model=ResidentRow,
        headers={
            "source": ("来源",),
            "source_id": ("resident_id", "编号", "人员编号"),
            "household_source": ("住户来源",),
            "household_source_id": ("household_id", "住户编号"),
            "community_code": ("社区代码",),
            "household_no": ("户号",),
            "registered_household_source": ("户籍住户来源",),
            "registered_household_source_id": ("registered_household_id", "户籍住户编号"),
            "registered_community_code": ("户籍社区代码",),
            "registered_household_no": ("户籍户号",),
            "registered_elsewhere": ("人户分离", "是否人户分离"),
            "relation_to_householder": ("与户主关系",),
            "residence_type": ("居住类型", "居住方式"),
            "name": ("姓名",),
            "sex": ("性别",),
            "birth_date": ("出生日期", "出生年月日"),
            "id_number": ("公民身份号码", "身份证号", "身份证号码", "证件号码"),
            "phone": ("联系电话", "手机号", "手机号码", "电话"),
            "tags": ("标签", "人员标签"),
        },
        staging=(*_STAGING, *steps.sealer.staging),
        stage=steps.stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        personal=True,
    )
