"""What can be wrong with a file or a row: stable codes, texts in both languages, no values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kit.errors import Text


@dataclass(frozen=True, slots=True)
class RowIssue:
    """One kind of refusal: stable dotted code, text in both languages with {params}."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class Flaw:
    """One issue of one row, by column; params must be safe to show (never a refused value).

    `cell` names the cell of a workbook where its column and row do not tell it.
    """

    issue: RowIssue
    column: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    cell: str | None = None


class RowRefused(Exception):
    """Raised by `Noun.stage` for a row that is wrong; `also` adds further flaws."""

    def __init__(self, issue: RowIssue, column: str | None = None, **params: object) -> None:
        super().__init__(issue.code)
        self.flaws = [Flaw(issue, column, params)]

    def also(self, issue: RowIssue, column: str | None = None, **params: object) -> RowRefused:
        """Add one more flaw of the same row."""
        self.flaws.append(Flaw(issue, column, params))
        return self


class FileRefused(Exception):
    """The file as a whole cannot be read or applied; nothing of it is kept.

    `flaws` name rows that explain it (the header's columns, say) as (row number, flaw).
    """

    def __init__(
        self,
        issue: RowIssue,
        *,
        flaws: tuple[tuple[int, Flaw], ...] = (),
        **params: object,
    ) -> None:
        super().__init__(issue.code)
        self.issue = issue
        self.flaws = flaws
        self.params = params


@dataclass(frozen=True, slots=True)
class KeptFlaw:
    """A flaw as it is stored: its row's number and its text in both languages.

    `header` is its column as the file spells it, `cell` its place in a workbook, `value` what the
    file has there, of columns without personal data only.
    """

    row: int
    column: str | None
    code: str
    en: str
    zh: str
    cell: str | None = None
    header: str | None = None
    value: str | None = None


def kept(row: int, flaw: Flaw) -> KeptFlaw:
    """Return the stored form of a flaw."""
    params = dict(flaw.params)
    return KeptFlaw(
        row,
        flaw.column,
        flaw.issue.code,
        flaw.issue.text.render("en", params),
        flaw.issue.text.render("zh-CN", params),
        flaw.cell,
    )
