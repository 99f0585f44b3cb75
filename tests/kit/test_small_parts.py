"""Languages, media types, areas, conditional requests, log blotting, settings, the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import Column, Text, select
from sqlalchemy.dialects import postgresql

from kit import conditional, db, errors, logs
from kit.areas import covers, in_areas
from kit.clock import local_date
from kit.errors import NotAcceptable, PreconditionFailed, PreconditionRequired
from kit.ids import new_id
from kit.metrics import Metrics
from kit.settings import ServiceSettings
from kit.web.context import choose_language
from kit.web.listing import choose_media, csv_cell


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN", "zh-CN"),
        ("zh-TW;q=0.5, en;q=0.4", "zh-CN"),
        ("de, en;q=0.2", "en"),
        ("zh;q=0", "en"),
        ("zh;q=oops, en", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_language_follows_accept_language(header: str | None, language: str) -> None:
    assert choose_language(header, "en") == language


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("application/json;q=0, text/csv", "text/csv"),
    ],
)
def test_the_media_type_follows_accept(accept: str | None, media: str) -> None:
    assert choose_media(accept, ["application/json", "text/csv"]) == media


def test_an_unoffered_media_type_is_refused_with_the_offer() -> None:
    with pytest.raises(NotAcceptable) as caught:
        choose_media("image/png;q=1", ["application/json"])
    assert "application/json" in caught.value.render_detail("zh-CN")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_texts_that_a_spreadsheet_would_run_are_defused(text: str) -> None:
    assert csv_cell(text) == "'" + text


def test_other_cells_stay_as_they_are() -> None:
    assert [csv_cell(v) for v in (None, True, -5, "甲", {"a": 1})] == [
        "", "true", "-5", "甲", '{"a":1}',
    ]  # fmt: skip


def test_areas_are_prefixes() -> None:
    assert covers(["630102"], "630102001001")
    assert covers(["*"], "1")
    assert not covers(["630102001"], "630102")
    assert not covers([], "630102")


def test_the_sql_of_areas_cannot_be_widened_by_wildcards() -> None:
    column = Column("code", Text)
    statement = select(column).where(in_areas(column, ["6301%", "6_"]))
    compiled = str(
        statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    )
    assert "6301/%" in compiled
    assert "6/_" in compiled


def test_no_area_sees_nothing_and_everywhere_sees_all() -> None:
    column = Column("code", Text)
    assert str(in_areas(column, [])) == "false"
    assert str(in_areas(column, ["*"])) == "true"


def test_if_match_is_needed_and_compared_strongly() -> None:
    conditional.check_if_match('"1", "2"', 2)
    conditional.check_if_match("*", 2)
    with pytest.raises(PreconditionRequired):
        conditional.check_if_match(None, 2)
    for wrong in ('W/"2"', "2", '"3"', ""):
        with pytest.raises(PreconditionFailed):
            conditional.check_if_match(wrong, 2)


def test_if_none_match_is_compared_weakly() -> None:
    assert conditional.is_not_modified('W/"2", "9"', '"2"')
    assert conditional.is_not_modified("*", '"2"')
    assert not conditional.is_not_modified('"3"', '"2"')
    assert not conditional.is_not_modified(None, '"2"')


def test_numbers_of_people_are_blotted_out_of_log_lines() -> None:
    event = {"event": "call 13800138000 or 630102199001010010", "grid_code": "630102001001001"}
    blotted = logs._blot(None, "info", dict(event))
    assert blotted["event"] == "call *** or ***"
    assert blotted["grid_code"] == event["grid_code"]


def test_settings_come_from_the_environment_and_wrong_ones_stop_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@/x")
    monkeypatch.setenv("PORT", "8101")
    settings = ServiceSettings()
    assert settings.port == 8101
    with pytest.raises(ValidationError):
        settings.port = 1
    monkeypatch.setenv("PORT", "99999")
    with pytest.raises(ValidationError):
        ServiceSettings()


def test_another_database_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="only PostgreSQL"):
        db.async_url("sqlite:///x.db")


def test_every_problem_speaks_both_languages() -> None:
    for kind in errors.catalogue():
        for text in (kind.title, kind.detail, kind.cure):
            assert text.en, kind.code
            assert text.zh, kind.code
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), kind.code


@pytest.fixture
def twin() -> Iterator[type[errors.Problem]]:
    class Twin(errors.NotFound):
        """Takes a code that stands elsewhere."""

        code = "resource.not_found"

    yield Twin
    Twin.code = "twin.unused"


def test_two_problems_may_not_share_a_code(twin: type[errors.Problem]) -> None:
    assert twin.code == "resource.not_found"
    with pytest.raises(ValueError, match="share the code"):
        list(errors.catalogue())


def test_identifiers_sort_by_creation_and_days_are_local() -> None:
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
    assert made[0].version == 7
    late = datetime(2026, 1, 31, 17, 0, tzinfo=UTC)
    assert local_date(late, "Asia/Shanghai").isoformat() == "2026-02-01"
    assert db.rfc3339(late) == "2026-01-31T17:00:00Z"


def test_metrics_count_by_template_and_two_applications_do_not_mix() -> None:
    one, other = Metrics("one"), Metrics("other")
    one.observe("GET", "/x/{id}", 200, 0.01)
    one.gauge("backlog", "Waiting.").set(3)
    assert b'http_requests_total{method="GET",route="/x/{id}"' in one.text()
    assert b"backlog 3.0" in one.text()
    assert b"/x/{id}" not in other.text()


def test_the_toy_never_leaves_the_tests() -> None:
    root = Path(__file__).parents[2]
    for folder in ("kit", "services", "gateway"):
        for path in (root / folder).rglob("*.py"):
            assert "tests.kit" not in path.read_text(encoding="utf-8"), path
