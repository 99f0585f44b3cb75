"""A community's cut in words that an official can put into a report."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from kit.errors import Language, Text
from services.grid_partition.domain.facts import NAMED_MAX
from services.grid_partition.domain.wording import counted, listed

_FILE = Path(__file__).parent.parent / "data" / "explanations.json"
#: So many sizes are told one by one; of more, the range and the mean.
_SIZES_MAX = 6

Facts = Mapping[str, Any]
"""What `facts_of` returns, also after a journey through JSON."""


@lru_cache(maxsize=1)
def sentences() -> Mapping[str, Text]:
    """Return the texts by name; those of violations have the violation's code as first part."""
    told = json.loads(_FILE.read_text(encoding="utf-8"))
    return {name: Text(text["en"], text["zh"]) for name, text in told.items()}


def explain_community(facts: Facts, language: Language) -> str:
    """Return the explanation of a cut: one paragraph of plain text.

    What became of the households, whether the limits are kept, what is impossible and why that is
    certain (or not), which estates and buildings were divided, barriers, shape, and who moved.
    """
    speaker = _Speaker(facts, language)
    return ("" if language == "zh-CN" else " ").join(speaker.paragraph())


class _Speaker:
    def __init__(self, facts: Facts, language: Language) -> None:
        self._facts = facts
        self._language = language

    def paragraph(self) -> Iterator[str]:
        """Yield the sentences in the order of a report."""
        yield self._became()
        yield from self._range()
        for finding in self._facts["findings"]:
            yield from self._finding(finding)
        if self._facts["sliced"]:
            yield self._sliced()
        yield from self._estates()
        yield from self._shape()
        yield from self._moved()

    def _say(self, text: str, /, **params: Any) -> str:
        return sentences()[text].render(self._language, counted({**self._facts, **params}))

    def _named(self, names: Sequence[str], total: int) -> str:
        """Return the names, and how many there are beyond them."""
        if total <= len(names):
            return listed(names, self._language)
        separator = "、" if self._language == "zh-CN" else ", "
        return self._say(
            "more", names=separator.join(names), others=total - len(names), total=total
        )

    def _all(self, told: Sequence[str]) -> str:
        return self._named(told[:NAMED_MAX], len(told))

    def _became(self) -> str:
        sizes = self._facts["sizes"]
        if len(sizes) == 1:
            return self._say("became.one", grids=1)
        if len(sizes) <= _SIZES_MAX:
            told = listed([self._say("number", n=size) for size in sizes], self._language)
            return self._say("became.few", grids=len(sizes), sizes=told)
        return self._say(
            "became.many",
            grids=len(sizes),
            least=min(sizes),
            most=max(sizes),
            mean=round(sum(sizes) / len(sizes)),
        )

    def _range(self) -> Iterator[str]:
        facts = self._facts
        outside, apart, grids = facts["outside"], facts["apart"], len(facts["sizes"])
        if not outside:
            yield self._say("range.all_sizes" if apart else "range.all", grids=grids)
        else:
            yield self._say("range.outside", outside=len(outside), which=self._grids(outside))
        if apart:
            yield self._say("range.apart", apart=len(apart), which=self._grids(apart))
        if facts["bridged"]:
            which = self._grids(facts["bridged"])
            yield self._say("range.bridged", bridged=len(facts["bridged"]), which=which)
        if facts["optimal"] and grids > 1:
            yield self._say("range.optimal_whole" if facts["estates"] else "range.optimal")

    def _grids(self, numbers: Sequence[int]) -> str:
        sizes = self._facts["sizes"]
        return self._all(
            [self._say("grid.sized", number=n, households=sizes[n - 1]) for n in numbers]
        )

    def _finding(self, finding: Mapping[str, Any]) -> Iterator[str]:
        code = finding["code"]
        if code == "no_count_between":
            yield self._no_count(finding["params"])
        elif code == "estates_block":
            yield from self._estates_block(finding)
        else:
            yield self._plain(finding)

    def _plain(self, finding: Mapping[str, Any]) -> str:
        grid = finding["grid"] and self._say("grid.plain", number=finding["grid"])
        buildings = self._named(finding["named"], finding["buildings"])
        told = {"grid": grid, "buildings": buildings, **finding["params"]}
        return self._say(finding["code"], **told)

    def _no_count(self, params: Mapping[str, Any]) -> str:
        if params["proof"] != "arithmetic":
            return self._say(f"no_count_between.{params['proof']}", **params)
        fewer = params["households"] // params["max"]
        return self._say(
            "no_count_between.arithmetic",
            fewer=fewer,
            more=fewer + 1,
            most=fewer * params["max"],
            least=(fewer + 1) * params["min"],
            **params,
        )

    def _estates_block(self, finding: Mapping[str, Any]) -> Iterator[str]:
        params = finding["params"]
        opened = [e for e in self._facts["divided_estates"] if e["label"] in finding["estates"]]
        estates = self._all([self._say("estate", **estate) for estate in opened])
        proven = "proven" if params["proven"] else "likely"
        yield self._say(f"estates_block.{proven}", **params | {"estates": estates})
        cuts, least = sum(estate["grids"] - 1 for estate in opened), params["least_pieces"]
        if least and least == cuts:
            yield self._say("estates_block.fewest")
        elif least:
            yield self._say("estates_block.at_least", least_pieces=least)
        if params["proven"] and finding["buildings"]:
            buildings = self._named(finding["named"], finding["buildings"])
            yield self._say("estates_block.stuck", buildings=buildings)

    def _sliced(self) -> str:
        sliced = self._facts["sliced"]
        told = [self._say(f"sliced.{building['by']}", **building) for building in sliced]
        return self._say("sliced", count=len(sliced), buildings=self._all(told))

    def _estates(self) -> Iterator[str]:
        facts = self._facts
        excused = {label for finding in facts["findings"] for label in finding["estates"]}
        rest = [e for e in facts["divided_estates"] if e["label"] not in excused]
        large = [e for e in rest if e["households"] > facts["max"]]
        other = [e for e in rest if e["households"] <= facts["max"]]
        for name, estates in (("estates.over_max", large), ("estates.divided", other)):
            if estates:
                told = self._all([self._say("estate", **estate) for estate in estates])
                yield self._say(name, count=len(estates), estates=told)
        divided = len(facts["divided_estates"])
        if divided < facts["estates"]:
            yield self._say("estates.whole" if divided else "estates.all_whole")

    def _shape(self) -> Iterator[str]:
        facts = self._facts
        if len(facts["sizes"]) > 1 or facts["crossed"]:
            yield self._say("barriers.crossed" if facts["crossed"] else "barriers.none")
        if len(facts["sizes"]) > 1:
            yield self._say("compact", compactness=f"{facts['compactness']:.2f}")

    def _moved(self) -> Iterator[str]:
        facts = self._facts
        if facts["old_grids"]:
            share = f"{100 * facts['moved'] / max(facts['households'], 1):.1f}"
            name = "moved.some" if facts["moved"] else "moved.none"
            yield self._say(name, old=facts["old_grids"], share=share)
