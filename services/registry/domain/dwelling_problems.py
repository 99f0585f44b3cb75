"""What the registry refuses of units, dwellings and addresses, by name."""

from __future__ import annotations

from kit.errors import Conflict, NotFound, Text


class UnitNotFound(NotFound):
    """No such unit, or outside the caller's areas."""

    code = "unit.not_found"
    title = Text("Unit not found", "单元不存在")
    detail = Text("There is no such unit.", "没有这个单元。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class UnitTaken(Conflict):
    """Another unit of the building bears the name."""

    code = "unit.name_taken"
    title = Text("Unit exists already", "单元重复")
    detail = Text("The building has a unit of this name already.", "该楼栋内已有同名单元。")
    cure = Text(
        "Unit names are unique in a building; change the unit that is there.",
        "单元名称在楼栋内唯一，请修改已有的单元。",
    )


class DwellingNotFound(NotFound):
    """No such dwelling, or outside the caller's areas."""

    code = "dwelling.not_found"
    title = Text("Dwelling not found", "房屋不存在")
    detail = Text("There is no such dwelling.", "没有这套房屋。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class DwellingInUse(Conflict):
    """Households still live in the dwelling."""

    code = "dwelling.has_households"
    title = Text("Dwelling has households", "房屋内仍有住户")
    detail = Text(
        "{count} households still refer to the dwelling; it neither ends nor changes its building.",
        "仍有 {count} 户引用该房屋，不能注销或改属其他楼栋。",
    )
    cure = Text("Move or end the households first.", "请先迁出或注销住户。")


class DwellingMismatch(Conflict):
    """A household names a building and a dwelling that stands in another."""

    code = "household.dwelling_mismatch"
    title = Text("Dwelling does not fit the building", "房屋与楼栋不符")
    detail = Text(
        "The household's dwelling stands in another building.", "住户的房屋位于另一楼栋。"
    )
    cure = Text(
        "Leave the building out; the dwelling decides.", "请不要提供楼栋，以房屋所在楼栋为准。"
    )


class AddressCodeTaken(Conflict):
    """Another dwelling bears, or bore, the address code."""

    code = "address_code.taken"
    title = Text("Address code taken", "门牌编码重复")
    detail = Text(
        "Another dwelling bears, or once bore, this address code; codes are never used again.",
        "该门牌编码已被其他房屋使用或曾被使用；编码不得重复启用。",
    )
    cure = Text(
        "Compare it with the door plate; every door has its own.", "请与门牌核对，一门一码。"
    )


class AddressNotFound(NotFound):
    """No dwelling bears the address code, or it lies outside the caller's areas."""

    code = "address.not_found"
    title = Text("Address not found", "地址不存在")
    detail = Text("There is no dwelling with this address code.", "没有使用该门牌编码的房屋。")
    cure = Text(
        "Check the code on the door plate, and that your client's areas include the place.",
        "请核对门牌上的编码及授权区域。",
    )
