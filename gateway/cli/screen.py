"""What a person (rich tables, bars) or a program (`--json`) sees."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from gateway.cli.failures import CliFailure

#: Codes and numbers are not broken over lines in narrow windows; names and sentences are.
_WHOLE = 24
#: Chinese may be broken anywhere, so a Chinese word asks for a few characters only.
_FEW = 8


class Bar:
    """One line of progress; `update` takes what the API calls `progress`."""

    def __init__(self, progress: Progress | None, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def update(self, progress: dict[str, Any] | None, note: str = "") -> None:
        """Show done and total; a total that is not known yet shows as a pulse."""
        if self._progress is None:
            return
        progress = progress or {}
        self._progress.update(
            self._task,
            completed=progress.get("done") or 0,
            total=progress.get("total"),
            note=note,
        )


class Screen:
    """The two outputs of every command: text for people, one JSON document for programs.

    Bars and notes go to the error stream, so that the result can be piped.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self._quiet = quiet or as_json
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def result(self, content: Any) -> None:
        """Print the document of a command under `--json`; nothing otherwise."""
        if self.as_json:
            self._out.print_json(json.dumps(content, ensure_ascii=False, default=str))

    def say(self, text: str) -> None:
        """Print a line for people."""
        if not self._quiet:
            self._out.print(text, markup=False)

    def note(self, text: str) -> None:
        """Print a remark beside the result."""
        if not self._quiet:
            self._err.print(text, markup=False, style="dim")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table; numbers are set to the right."""
        if self._quiet:
            return
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for index, column in enumerate(columns):
            values = [row[index] for row in rows]
            are_numbers = bool(rows) and all(isinstance(value, int | float) for value in values)
            told = [_cell(value) for value in values]
            table.add_column(
                column,
                justify="right" if are_numbers else "left",
                overflow="fold",
                no_wrap=all(_is_whole(line) for text in told for line in text.splitlines()),
                min_width=_word_width([column, *told]),
            )
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        self._out.print(table)

    def failure(self, failure: CliFailure) -> None:
        """Print a failure on the error stream."""
        if self.as_json:
            self._err.print_json(json.dumps(failure.as_json(), ensure_ascii=False, default=str))
            return
        self._err.print(f"{failure.code}: {failure.detail}", markup=False, style="red")
        for error in failure.more.get("errors", []):
            where = error.get("pointer") or error.get("parameter") or ""
            self._err.print(f"  {where} {error.get('code')}: {error.get('detail')}", markup=False)
        if failure.cure:
            self._err.print(f"  -> {failure.cure}", markup=False)
        if "request_id" in failure.more:
            self._err.print(f"  request id {failure.more['request_id']}", markup=False, style="dim")

    @contextmanager
    def bar(self, label: str, unit: str = "") -> Iterator[Bar]:
        """Show a progress bar for the length of a block."""
        if self._quiet:
            yield Bar(None, TaskID(0))
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]} {task.fields[note]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._err) as progress:
            yield Bar(progress, progress.add_task(label, total=None, unit=unit, note=""))


def _is_whole(line: str) -> bool:
    return len(line) <= _WHOLE if line.isascii() else cell_len(line) <= _FEW


def _word_width(texts: Sequence[str]) -> int:
    """Cells below which a column is not squeezed: its longest word, within reason."""
    words = [word for text in texts for word in text.split()]
    return max((min(len(word), _WHOLE) if word.isascii() else _FEW for word in words), default=1)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return "" if value is None else escape(str(value))
