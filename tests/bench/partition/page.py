"""Writes the page from stored results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.bench.partition.figures import figures
from tests.bench.partition.instances import FAMILIES
from tests.bench.partition.methods import METHODS, QUICK
from tests.bench.partition.ratios import Ratios, feasible_share, ratios

__all__ = ["render"]


_RACE = """\
{graphs} graphs, {seeds} seeds, each method in its own process on one pinned core, at most
{limit_s:g} CPU s a graph (a time-out is an infeasible answer), processor time of the solve alone.
Everybody gets the same contracted graph, k = households / 400 rounded, and the exact window
300..500.  Ratios are peer over ours on the same graph and seed; above 1 the peer is worse.  J as in
`checker.py`.  Peers run with the best of three settings, chosen on a few graphs of every family:"""
_STAGES = """\
CPU seconds, best of the repetitions.  `cut` is what a caller pays after `node`: survey, solve,
dissolve, and the engine's own check of its promises; `stitch` makes all communities fit."""
_HEAD = """\
Written by `make bench PART=partition`; nothing here is typed by hand.  How the figures are made:
`tests/bench/partition/`."""


def render(results: Mapping[str, Any]) -> str:
    """Markdown; every number stands in `results`."""
    parts = [
        "# Benchmark of the partition engine",
        _HEAD,
        _runs(results),
        "## Goals",
        _table(
            ("#", "figure", "goal", "reached", "met"),
            [(f.number, f.what, f.goal, f.reached, _word(f.met)) for f in figures(results)],
        ),
    ]
    if "race" in results:
        parts += _race(results["race"])
    if "district" in results:
        parts += _stages(results["district"])
    if "start" in results:
        parts += _start(results["start"])
    if "cases" in results:
        parts += _reasons(results["cases"])
    return "\n\n".join(parts) + "\n"


def _race(race: Mapping[str, Any]) -> list[str]:
    rows = race["rows"]
    entered = [m for m in METHODS if any(row["method"] == m.name for row in rows)]
    peers = [m for m in entered if not m.ours]
    families = [f for f in FAMILIES if any(row["family"] == f for row in rows)]
    settings = {row["method"]: row["setting"] for row in rows}
    shares = [
        (m.title, *(_share(feasible_share(rows, m.name, family)) for family in families))
        for m in entered
    ]
    absent = [m.title for m in METHODS if m not in entered]
    return [
        "## Against other libraries",
        _RACE.format(
            graphs=len({row["graph"] for row in rows}),
            seeds=race["seeds"],
            limit_s=race["limit_s"],
        ),
        "\n".join(f"- {m.title}: {settings[m.name]}" for m in peers),
        *([f"Not entered in this run: {', '.join(absent)}."] if absent else []),
        "Percent of answers that are feasible / percent of parts in range:",
        _table(("method", *families), shares),
        "### (b) Where the peer's own answer is feasible",
        _ratio_table([ratios(rows, m.name, _is_feasible) for m in peers]),
        "### (c) The same with a tenth of the effort (`effort` 2)",
        _ratio_table([ratios(rows, m.name, _is_feasible, QUICK) for m in peers]),
        "### (a) All answers, feasible or not",
        (
            "Infeasible answers may be shorter because they need not keep the range; their J counts"
            " sizes, not infeasibility."
        ),
        _ratio_table([ratios(rows, m.name, lambda _: True) for m in peers]),
        "### Time, memory, failures",
        _table(
            ("method", "answers", "CPU s in all", "peak MB", "failed"),
            [_effort(m.title, [row for row in rows if row["method"] == m.name]) for m in entered],
        ),
    ]


def _is_feasible(row: Mapping[str, Any]) -> bool:
    return bool(row["feasible"])


def _effort(title: str, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    failed: dict[str, int] = {}
    for row in rows:
        if row["failed"]:
            kind = row["failed"].split(":")[0]
            failed[kind] = failed.get(kind, 0) + 1
    return (
        title,
        str(len(rows)),
        f"{sum(row['cpu_s'] for row in rows):.2f}",
        f"{max(row['rss_mb'] for row in rows):.0f}",
        ", ".join(f"{kind} x {count}" for kind, count in failed.items()) or "-",
    )


def _ratio_table(compared: Iterable[Ratios | None]) -> str:
    titles = {m.name: m.title for m in METHODS}
    return _table(
        (
            "peer",
            "graphs / answers",
            "boundary x",
            "crossings x",
            "estate pieces x",
            "J x",
            "CPU x (median)",
            "mean PP (ours)",
            "peer's J better on / by at most",
        ),
        [
            (
                titles[r.method],
                f"{r.graphs} / {r.rows}",
                f"{r.boundary:.3f}",
                f"{r.crossings:.2f}",
                f"{r.estate_pieces:.2f}",
                f"{r.score:.3f}",
                f"{r.cpu:.2f} ({r.cpu_median:.2f})",
                f"{r.polsby_popper:.3f} ({r.ours_polsby_popper:.3f})",
                f"{r.better} / {100 * r.worst:.1f} %",
            )
            for r in compared
            if r is not None
        ],
    )


def _stages(held: Mapping[str, Any]) -> list[str]:
    names = [n for n in ("node", "survey", "solve", "dissolve", "cut", "stitch") if n in held]
    return [
        "## District of 190,000 households by stage",
        _STAGES,
        _table(names, [tuple(f"{held[name]:.3f}" for name in names)]),
    ]


def _start(held: Mapping[str, Any]) -> list[str]:
    runs = [("cold: compiling", held["cold"]), ("warm: from the cache", held["warm"])]
    return [
        "## First use",
        _table(
            ("cache of compiled kernels", "import s", "warm-up s", "CPU s"),
            [
                (name, *(f"{run[key]:.2f}" for key in ("import_s", "warm_up_s", "cpu_s")))
                for name, run in runs
                if run is not None
            ],
        ),
    ]


def _reasons(held: Mapping[str, Any]) -> list[str]:
    lines = [
        (name, code, "; ".join(told))
        for name, case in held["cases"].items()
        for code, told in case["reasons"].items()
    ]
    return [
        "## Communities that no cut can serve, and why",
        _table(("case", "community", "violation"), lines) if lines else "None.",
    ]


def _runs(results: Mapping[str, Any]) -> str:
    """When, where and with what each part was run."""
    return _table(
        ("part", "date", "command", "wall s", "machine", "versions"),
        [
            (
                name,
                part["run"]["date"],
                f"`{part['run']['command']}`",
                f"{part['run']['wall_s']:.0f}",
                part["run"]["machine"],
                part["run"]["versions"],
            )
            for name, part in results.items()
        ],
    )


def _share(pair: tuple[float, float]) -> str:
    return "-" if pair[0] != pair[0] else f"{pair[0]:.0f} / {pair[1]:.0f}"


def _word(met: bool | None) -> str:
    return {True: "yes", False: "**no**", None: "-"}[met]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
