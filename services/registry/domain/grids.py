"""Shares of grids in buildings: what the registry is told of grids, and checks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kit.errors import Conflict, FieldError, Invalid, NotFound, Text


class GridLayoutNotFound(NotFound):
    """Nobody has told yet which grids a community has."""

    code = "grid_layout.not_found"
    title = Text("Grids not told", "尚无网格归属")
    detail = Text(
        "Nobody has told yet which grids the community has.", "尚未收到该社区的网格归属信息。"
    )
    cure = Text(
        "The grid partition tells it within seconds of a plan's coming into force.",
        "网格方案生效后数秒内由网格划分服务告知。",
    )


class GridElsewhere(Invalid):
    """A share names a grid of another community, or a slice that runs backwards."""

    code = "grid_layout.share_invalid"
    title = Text("Share not possible", "网格归属有误")
    detail = Text(
        "A grid's code begins with its community's, and a slice runs from low to high.",
        "网格编码须以其社区代码开头，切片须由小到大。",
    )
    cure = Text("Correct the share that `errors` names.", "请更正 errors 所列的归属。")


class SharesOverlap(Conflict):
    """Two shares hold the same part of a building."""

    code = "grid_layout.shares_overlap"
    title = Text("Shares overlap", "网格归属重叠")
    detail = Text(
        "A building held whole by one grid cannot be held by another too.",
        "整栋归属一个网格的楼栋不能再归属其他网格。",
    )
    cure = Text("Give each building once, or in slices.", "每栋楼只归属一次，或按切片归属。")


def is_whole(share: Mapping[str, Any]) -> bool:
    """Tell whether a share is a whole building: all its bounds are 0."""
    return bool(share["unit_from"] == 0 and share["floor_from"] == 0)


def check_shares(code: str, shares: Iterable[Mapping[str, Any]]) -> None:
    """Refuse shares of other communities' grids, slices that run backwards, and twins of a whole.

    Raises GridElsewhere and SharesOverlap, pointing at the share.
    """
    held: dict[Any, bool] = {}
    for index, share in enumerate(shares):
        pointer = f"/shares/{index}"
        backwards = share["unit_from"] > share["unit_to"] or share["floor_from"] > share["floor_to"]
        if backwards or not share["grid_code"].startswith(code):
            raise GridElsewhere(errors=[_at(pointer, GridElsewhere.code, GridElsewhere.detail)])
        building, whole = share["building_id"], is_whole(share)
        if building in held and (whole or held[building]):
            raise SharesOverlap(errors=[_at(pointer, SharesOverlap.code, SharesOverlap.detail)])
        held[building] = whole


def _at(pointer: str, code: str, text: Text) -> FieldError:
    return FieldError(code=code, text=text, pointer=pointer)
