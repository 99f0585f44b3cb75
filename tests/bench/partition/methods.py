"""The contestants: where each one's code stands and which of its settings it may try."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BORDER", "METHODS", "OURS", "QUICK", "Method"]

#: This engine as shipped, with a tenth of the effort, and asked for short borders alone.
OURS, QUICK, BORDER = "jingwei", "jingwei-quick", "jingwei-border"
_ENGINE = "tests.bench.partition.ours"


@dataclass(frozen=True)
class Method:
    """`module` holds `solve` and, under `settings`, the names and values of the settings.

    `free_count`: the library chooses the number of parts itself.  `families`: which graphs it is
    given; empty means all.  `pilot`: on about how many graphs its settings are tried.
    `seeds`: at most so many.
    """

    name: str
    title: str
    module: str
    settings: str = "SETTINGS"
    free_count: bool = False
    families: tuple[str, ...] = ()
    pilot: int = 16
    seeds: int = 5

    @property
    def ours(self) -> bool:
        """Whether this is a setting of the engine that is measured."""
        return self.module == _ENGINE


_PEERS = "tests.bench.partition.peers"

METHODS: tuple[Method, ...] = (
    Method(OURS, "Jingwei (this engine)", _ENGINE),
    Method(QUICK, "Jingwei, effort 2", _ENGINE, "QUICK"),
    Method(BORDER, "Jingwei, borders alone", _ENGINE, "BORDER"),
    Method(
        "gerrychain-tree",
        "GerryChain recursive_tree_part",
        f"{_PEERS}.gerrychain_trees",
        pilot=8,
    ),
    Method(
        "gerrychain-recom",
        "GerryChain + 100 ReCom",
        f"{_PEERS}.gerrychain_trees",
        "RECOM",
        pilot=8,
    ),
    Method("metis-kway", "METIS k-way, contiguous", f"{_PEERS}.metis"),
    Method("metis-recursive", "METIS recursive", f"{_PEERS}.metis", "RECURSIVE"),
    Method("kahip", "KaHIP kaffpa", f"{_PEERS}.kahip_kaffpa"),
    Method("mtkahypar", "Mt-KaHyPar", f"{_PEERS}.mt_kahypar"),
    Method(
        "spopt-maxp",
        "spopt MaxP",
        f"{_PEERS}.spopt_regions",
        free_count=True,
        families=("2k", "6k"),
        pilot=2,
    ),
    Method(
        "spopt-skater",
        "spopt SKATER",
        f"{_PEERS}.spopt_regions",
        "SKATER",
        families=("2k", "6k"),
        pilot=2,
    ),
    Method("k-means-constrained", "k-means-constrained", f"{_PEERS}.constrained_means"),
)
