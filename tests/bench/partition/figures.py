"""The table of goals: each figure read from the stored results, never typed in."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench.partition.contest import median_by_graph
from tests.bench.partition.methods import BORDER, OURS, QUICK
from tests.bench.partition.ratios import Ratios, ratios

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One line: number in the list of goals, what, the goal, what was reached, whether that is it.

    `met` is None where the run holds no result for it.
    """

    number: str
    what: str
    goal: str
    reached: str
    met: bool | None


def figures(results: Results) -> list[Figure]:
    """All lines, in order; a part that was not run gives lines without a verdict."""
    return [line for make in _MAKERS for line in make(results)]


def _missing(*lines: tuple[str, str, str]) -> Iterator[Figure]:
    for number, what, goal in lines:
        yield Figure(number, what, goal, "not run", None)


def _verdicts(results: Results) -> Iterator[Figure]:
    line = ("1", "communities feasible or proved impossible, culprit named", "100 %")
    if "cases" not in results:
        yield from _missing(line)
        return
    told = []
    good = True
    for name, case in results["cases"]["cases"].items():
        told.append(
            f"{name} {case['feasible']} + {case['proved_impossible']} proved"
            f" of {case['communities']}"
        )
        good &= not case["not_found"]
    yield Figure(*line, "; ".join(told), good)


def _oracle(results: Results) -> Iterator[Figure]:
    verdict = ("2", "verdict equal to complete enumeration", "100 %, 0 false")
    gap = ("3", "gap to the proved optimum", "<= 0.5 % mean, 0 where enumerable")
    if "oracle" not in results:
        yield from _missing(verdict, gap)
        return
    rows = [r for r in results["oracle"]["rows"] if r["referee"]["verdict"] != "unknown"]
    false = [r for r in rows if (r["referee"]["verdict"] == "infeasible") == r["feasible"]]
    unproved = [
        r for r in rows if r["referee"]["verdict"] == "infeasible" and r["verdict"] != "impossible"
    ]
    equal = len(rows) - len({r["graph"] for r in [*false, *unproved]})
    yield Figure(*verdict, f"{equal} of {len(rows)}, {len(false)} false", equal == len(rows))
    gaps = [
        r["score_m"] / r["referee"]["score_m"] - 1.0
        for r in rows
        if r["referee"]["verdict"] == "optimal" and r["feasible"]
    ]
    mean, worst = 100 * statistics.fmean(gaps), 100 * max(gaps)
    told = f"{mean:.2f} % mean, {worst:.2f} % at most, on {len(gaps)} graphs"
    yield Figure(*gap, told, mean <= 0.5)


def _against(results: Results) -> Iterator[Figure]:
    lines = (
        ("4", "J and CPU against GerryChain tree + 100 ReCom", ">= 1.5x, >= 100x, none worse"),
        ("5", "J against METIS k-way where it is feasible", ">= 1.1x, never worse by > 1 %"),
        ("6", "boundary against Mt-KaHyPar's infeasible cut", "<= 1.03x, ours 100 % feasible"),
        ("7", "CPU against spopt MaxP (2k, 6k)", ">= 1000x"),
    )
    if "race" not in results:
        yield from _missing(*lines)
        return
    rows = results["race"]["rows"]
    yield _recom(lines[0], rows)
    metis = ratios(rows, "metis-kway", _is_feasible)
    yield _line(
        lines[1],
        metis,
        lambda r: f"J {r.score:.3f}x on {r.graphs} graphs, CPU {r.cpu:.1f}x, {_worse(r)}",
        lambda r: r.score >= 1.1 and r.worst <= 0.01,
    )
    yield _borders(lines[2], rows)
    yield _maxp(lines[3], rows)


def _recom(line: tuple[str, str, str], rows: list[dict[str, Any]]) -> Figure:
    """One setting has to keep all three goals."""
    shipped = ratios(rows, "gerrychain-recom", _is_feasible)
    quick = ratios(rows, "gerrychain-recom", _is_feasible, QUICK)
    if shipped is None or quick is None:
        return next(_missing(line))
    told = [
        f"{name}: J {r.score:.2f}x, CPU {r.cpu:.0f}x (median {r.cpu_median:.0f}x), {_worse(r)}"
        for name, r in (("effort 2", quick), ("as shipped", shipped))
    ]
    good = any(r.score >= 1.5 and r.cpu >= 100 and not r.better for r in (quick, shipped))
    return Figure(*line, "; ".join(told), good)


def _borders(line: tuple[str, str, str], rows: list[dict[str, Any]]) -> Figure:
    """A cutter of graphs minimizes borders alone, so that is also asked of us."""
    told, good = [], False
    for name, ours in (("asked for borders alone", BORDER), ("as shipped", OURS)):
        compared = ratios(rows, "mtkahypar", lambda _: True, ours)
        if compared is None:
            return next(_missing(line))
        fit = all(row.get("feasible") for row in rows if row["method"] == ours)
        longer = 1 / compared.boundary
        told.append(f"{name} {longer:.3f}x, {'100 %' if fit else 'not 100 %'} feasible")
        good |= longer <= 1.03 and fit
    return Figure(*line, "; ".join(told), good)


def _maxp(line: tuple[str, str, str], rows: list[dict[str, Any]]) -> Figure:
    """A time-out counts with its limit, so the ratio is a lower bound where there are some."""
    theirs = [row for row in rows if row["method"] == "spopt-maxp"]
    if not theirs:
        return next(_missing(line))
    told, best = [], 0.0
    for name, ours in (("effort 2", QUICK), ("as shipped", OURS)):
        mine = median_by_graph([row for row in rows if row["method"] == ours], "cpu_s")
        if not mine:
            return next(_missing(line))
        ratio = sum(row["cpu_s"] for row in theirs) / sum(mine[row["graph"]] for row in theirs)
        told.append(f"{name} {ratio:.0f}x")
        best = max(best, ratio)
    late = sum(row["failed"] == "timeout" for row in theirs)
    told += [f"at least: {late} of {len(theirs)} timed out"] if late else []
    return Figure(*line, "; ".join(told), best >= 1000)


def _end_to_end(results: Results) -> Iterator[Figure]:
    yield from _seconds(results, "district", "8", "district of 190,000, one core", 1.0, None)
    yield from _seconds(results, "million", "9", "a million households, one core", 8.0, 500)
    yield from _seconds(results, "ten_million", "10", "ten million households", 60.0, 3000)
    line = ("11", "community of 20,000 households, p95 in process", "<= 150 ms")
    if "community" not in results:
        yield from _missing(line)
        return
    held = results["community"]
    told = f"{1000 * held['cpu_p95_s']:.0f} ms CPU, {1000 * held['wall_p95_s']:.0f} ms by the clock"
    yield Figure(*line, f"{told} ({held['calls']} calls)", held["cpu_p95_s"] <= 0.15)


def _seconds(
    results: Results, part: str, number: str, what: str, goal_s: float, peak_mb: int | None
) -> Iterator[Figure]:
    goal = f"<= {goal_s:g} CPU s" + (f", < {peak_mb} MB" if peak_mb else "")
    if part not in results:
        yield from _missing((number, what, goal))
        return
    held = results[part]
    cpu_s = held["node" if part == "district" else "node_s"]
    cpu_s += held["cut" if part == "district" else "cut_s"]
    # A run of before has no such stage.
    cpu_s += held.get("stitch" if part == "district" else "stitch_s", 0.0)
    told = f"{cpu_s:.2f} CPU s ({held['households']:,} households"
    told += f", {len(held['not_found'])} communities not found"
    good = cpu_s <= goal_s and not held["not_found"]
    if peak_mb:
        told += f", {held['peak_mb']:.0f} MB"
        good &= held["peak_mb"] < peak_mb
    yield Figure(number, what, goal, told + ")", good)


def _shape(results: Results) -> Iterator[Figure]:
    lines = (
        ("12a", "crossings per 100 grids (generated district)", "<= 17"),
        ("13", "mean Polsby-Popper on the district", ">= 0.62"),
    )
    if "district" in results:
        held = results["district"]
        crossed = 100 * held["crossings"] / held["grids"]
        yield Figure(*lines[0], f"{crossed:.1f}", crossed <= 17)
        yield Figure(*lines[1], f"{held['polsby_popper']:.3f}", held["polsby_popper"] >= 0.62)
    else:
        yield from _missing(*lines)
    line = ("12b", "estates <= 500 split on chengdong-synth", "<= 35")
    case = results.get("cases", {}).get("cases", {}).get("chengdong-synth")
    if case is None:
        yield from _missing(line)
        return
    told = f"{case['estates_split']} ({case['estate_pieces']} extra pieces of all estates,"
    told += f" {case['least_pieces']} proved needed)"
    yield Figure(*line, told, case["estates_split"] <= 35)


def _moving(results: Results) -> Iterator[Figure]:
    lines = (
        ("14", "households moved, old grids cut anew", "<= 2 %"),
        ("15", "households moved, 30 drifted grids mended", "<= 2 %"),
    )
    if "adjustment" not in results:
        yield from _missing(*lines)
        return
    held = results["adjustment"]
    for line, name in zip(lines, ("anew", "mended"), strict=True):
        told = [
            f"{100 * run['moved_share']:.2f} % at {run['price_m']:g} m"
            f"{'' if run['feasible'] == run['communities'] else ' (not all feasible)'}"
            for run in held[name]
        ]
        fit = [run for run in held[name] if run["feasible"] == run["communities"]]
        good = min((run["moved_share"] for run in fit), default=1.0) <= 0.02
        yield Figure(*line, "; ".join(told), good)


def _tiling(results: Results) -> Iterator[Figure]:
    line = ("16a", "grids a valid coverage of their community", "100 % of communities, no gap")
    whole = ("16b", "all grids of a district one valid coverage", "all cases, also in degrees")
    if "cases" not in results:
        yield from _missing(line, whole)
        return
    cases = results["cases"]["cases"]
    told = "; ".join(
        f"{name} {case['valid_coverages']}/{case['communities']}, {case['worst_area_m2']:.3f} m2"
        for name, case in cases.items()
    )
    good = all(case["valid_coverages"] == case["communities"] for case in cases.values())
    worst = max(case["worst_area_m2"] for case in cases.values())
    yield Figure(*line, told, good and worst <= 1.0)
    if any("answers_valid" not in case for case in cases.values()):
        yield from _missing(whole)
        return
    across = {
        where: sum(case[f"{where}_valid"] for case in cases.values())
        for where in ("district", "answers")
    }
    told = f"{across['district']} of {len(cases)} in metres, {across['answers']} as answered"
    told += "; metres of unmatched sides: " + "; ".join(
        f"{name} {case['apart_m']:,.0f} before, {case['unmatched_m']:,.0f} after"
        for name, case in cases.items()
    )
    yield Figure(*whole, told, min(across.values()) == len(cases))


def _tight(results: Results) -> Iterator[Figure]:
    lines = (
        ("17a", "ten parts asked, slack 1 %", "100 % in < 0.2 s"),
        ("17b", "ten parts asked, slack 0.1 %", ">= 50 % in 10 s (aim)"),
    )
    if "tight" not in results:
        yield from _missing(*lines)
        return
    rows = results["tight"]["rows"]
    easy = [row for row in rows if row["family"] == "slack 1 %"]
    hard = [row for row in rows if row["family"] != "slack 1 %"]
    slowest = max(row["cpu_s"] for row in easy)
    won = sum(row["feasible"] for row in easy)
    told = f"{won} of {len(easy)}, slowest {slowest:.2f} s"
    yield Figure(*lines[0], told, won == len(easy) and slowest < 0.2)
    limit_s = results["tight"]["limit_s"]
    told, good = [], True
    for family in dict.fromkeys(row["family"] for row in hard):
        rows = [row for row in hard if row["family"] == family]
        timely = [row for row in rows if row["cpu_s"] <= limit_s]
        won = sum(row["feasible"] for row in timely)
        refuted = sum(row["refuted"] for row in timely)
        told.append(f"{family}: {won} of {len(rows)} found, {refuted} proved impossible")
        good &= 2 * (won + refuted) >= len(rows)
    yield Figure(*lines[1], "; ".join(told), good)


def _line(
    line: tuple[str, str, str],
    compared: Ratios | None,
    told: Callable[[Ratios], str],
    good: Callable[[Ratios], bool],
) -> Figure:
    if compared is None:
        return Figure(*line, "no row to compare", None)
    return Figure(*line, told(compared), good(compared))


def _worse(compared: Ratios) -> str:
    return f"we are worse on {compared.better} of {compared.graphs} (at most {compared.worst:.1%})"


def _is_feasible(row: dict[str, Any]) -> bool:
    return bool(row["feasible"])


_MAKERS = (_verdicts, _oracle, _against, _end_to_end, _shape, _moving, _tiling, _tight)

__all__ = ["Figure", "figures"]
