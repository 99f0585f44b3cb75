"""Ours against each peer, on rows of the same graph and the same seed."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.partition.methods import OURS

Row = dict[str, Any]


@dataclass(frozen=True)
class Ratios:
    """Peer over ours: sums over the compared rows, CPU also as the median of the rows.

    `graphs`: graphs with at least one compared row.  `better`: graphs on which the peer's median J
    is lower than ours on the same rows; `worst`: by which share ours is worse there at most.
    """

    method: str
    graphs: int
    rows: int
    boundary: float
    crossings: float
    estate_pieces: float
    score: float
    cpu: float
    cpu_median: float
    polsby_popper: float
    ours_polsby_popper: float
    better: int
    worst: float

    def as_row(self) -> dict[str, Any]:
        """For the results file."""
        return asdict(self)


def ratios(
    rows: Sequence[Row], method: str, keep: Callable[[Row], bool], ours: str = OURS
) -> Ratios | None:
    """Compare the peer's rows that `keep` takes (labelled ones only); None when there are none.

    `ours`: with which of our settings.
    """
    mine = {(r["graph"], r["seed"]): r for r in rows if r["method"] == ours and "score_m" in r}
    pairs = [
        (row, mine[row["graph"], row["seed"]])
        for row in rows
        if row["method"] == method
        and "score_m" in row
        and keep(row)
        and (row["graph"], row["seed"]) in mine
    ]
    if not pairs:
        return None
    lost = _lost(pairs)
    return Ratios(
        method=method,
        graphs=len({row["graph"] for row, _ in pairs}),
        rows=len(pairs),
        boundary=_ratio(pairs, "boundary_m"),
        crossings=_ratio(pairs, "crossings"),
        estate_pieces=_ratio(pairs, "estate_pieces"),
        score=_ratio(pairs, "score_m"),
        cpu=_ratio(pairs, "cpu_s"),
        cpu_median=statistics.median(
            peer["cpu_s"] / max(ours["cpu_s"], 1e-3) for peer, ours in pairs
        ),
        polsby_popper=statistics.fmean(peer["polsby_popper"] for peer, _ in pairs),
        ours_polsby_popper=statistics.fmean(ours["polsby_popper"] for _, ours in pairs),
        better=len(lost),
        worst=max(lost, default=0.0),
    )


def feasible_share(rows: Sequence[Row], method: str, family: str) -> tuple[float, float]:
    """Percent of answers that are feasible, percent of the asked parts in range."""
    held = [r for r in rows if r["method"] == method and r["family"] == family]
    if not held:
        return float("nan"), float("nan")
    parts = sum(r.get("parts", r["asked"]) for r in held)
    return (
        100.0 * sum(bool(r.get("feasible")) for r in held) / len(held),
        100.0 * sum(r.get("in_range", 0) for r in held) / parts,
    )


def _lost(pairs: Sequence[tuple[Row, Row]]) -> list[float]:
    """By which share our median J is above the peer's, for each graph where it is."""
    by_graph: dict[str, list[tuple[float, float]]] = {}
    for peer, ours in pairs:
        by_graph.setdefault(peer["graph"], []).append((peer["score_m"], ours["score_m"]))
    found = []
    for scores in by_graph.values():
        theirs = statistics.median(peer for peer, _ in scores)
        own = statistics.median(ours for _, ours in scores)
        if theirs < own - 1e-6:
            found.append(own / theirs - 1.0)
    return found


def _ratio(pairs: Sequence[tuple[Row, Row]], figure: str) -> float:
    ours = sum(float(row[figure]) for _, row in pairs)
    peer = sum(float(row[figure]) for row, _ in pairs)
    return peer / ours if ours else float("nan")
