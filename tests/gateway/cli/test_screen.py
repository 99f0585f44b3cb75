from __future__ import annotations

import json

import pytest

from gateway.cli.failures import CliFailure, broken_answer, no_credentials, unreachable
from gateway.cli.screen import Screen

Captured = pytest.CaptureFixture[str]
FAILURE = CliFailure(
    "plan.area_empty",
    "Nothing there.",
    cure="Load it.",
    more={"request_id": "r1", "errors": [{"pointer": "/area", "code": "x.y", "detail": "[red]"}]},
)


def test_people_see_tables_and_programs_one_document(capsys: Captured) -> None:
    for screen in (Screen(), Screen(as_json=True)):
        screen.table("Title", ["code", "count"], [["a", 12345], ["b", 2]])
        screen.say("a [bold]word[/bold]")
        screen.note("beside")
        screen.result({"名": 1})
    shown = capsys.readouterr()
    table, document = shown.out.split("a [bold]word[/bold]\n")
    assert "12,345" in table
    assert json.loads(document) == {"名": 1}
    assert shown.err == "beside\n"


def test_cells_say_what_they_hold(capsys: Captured) -> None:
    row = [True, False, 1.5, None, "[link=x]y"]
    Screen().table("t", ["a", "b", "c", "d", "e"], [row])
    shown = capsys.readouterr().out
    for text in ("yes", "no", "1.50", "[link=x]y"):
        assert text in shown


def test_long_sentences_are_broken_and_codes_are_not(capsys: Captured) -> None:
    sentence = "a sentence that is far too long for one line " * 4
    Screen().table("t", ["code", "text"], [["990001001001001", sentence]])
    assert "990001001001001" in capsys.readouterr().out


def test_a_failure_names_code_place_cure_and_request(capsys: Captured) -> None:
    Screen().failure(FAILURE)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "plan.area_empty: Nothing there.",
        "  /area x.y: [red]",
        "  -> Load it.",
        "  request id r1",
    ]


def test_a_failure_is_json_for_programs(capsys: Captured) -> None:
    Screen(as_json=True).failure(FAILURE)
    told = json.loads(capsys.readouterr().err)
    assert (told["code"], told["cure"], told["request_id"]) == ("plan.area_empty", "Load it.", "r1")


def test_a_bar_takes_what_the_api_calls_progress(capsys: Captured) -> None:
    with Screen().bar("loading", "rows") as bar:
        bar.update({"done": 2, "total": 4}, "running")
        bar.update(None, "ended")
    with Screen(quiet=True).bar("loading") as bar:
        bar.update({"done": 1, "total": 1})
    assert "loading" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "exit_code"),
    [(unreachable("http://x"), 3), (no_credentials(), 3), (broken_answer("/x"), 1)],
)
def test_every_failure_of_the_line_itself_has_a_cure(failure: CliFailure, exit_code: int) -> None:
    assert failure.exit_code == exit_code
    assert failure.code.startswith("cli.")
    assert failure.cure
