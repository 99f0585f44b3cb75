"""What the registry refuses, by name."""

from __future__ import annotations

from kit.errors import Conflict, Invalid, NotFound, Text


class DivisionNotFound(NotFound):
    """No such division in force, or outside the caller's areas."""

    code = "division.not_found"
    title = Text("Division not found", "区划不存在")
    detail = Text("There is no such division in force.", "没有这个有效的区划。")
    cure = Text(
        "Check the code and that your client's areas include it; `as_of` shows revoked ones.",
        "请核对区划代码及授权区域；已撤销的区划可用 as_of 查询。",
    )


class CommunityNotLocated(NotFound):
    """No community code was given, and no known community holds the place."""

    code = "division.not_located"
    title = Text("No community at this place", "该位置不在任何社区内")
    detail = Text(
        "No community code is given, and no community boundary holds the place.",
        "未提供社区代码，且该位置不在任何已知社区边界内。",
    )
    cure = Text(
        "Give community_code, or import the community's boundary first.",
        "请提供 community_code，或先导入该社区的边界。",
    )


class EstateNotFound(NotFound):
    """No such estate, or outside the caller's areas."""

    code = "estate.not_found"
    title = Text("Estate not found", "小区不存在")
    detail = Text("There is no such estate.", "没有这个小区。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class BuildingNotFound(NotFound):
    """No such building, or outside the caller's areas; or a household names none."""

    code = "building.not_found"
    title = Text("Building not found", "楼栋不存在")
    detail = Text(
        "There is no such building; every household belongs to one.",
        "没有这个楼栋；每一户都必须属于一个楼栋。",
    )
    cure = Text("Import the building first, then its households.", "请先导入楼栋，再导入住户。")


class HouseholdNotFound(NotFound):
    """No such household, or outside the caller's areas."""

    code = "household.not_found"
    title = Text("Household not found", "住户不存在")
    detail = Text("There is no such household.", "没有这一户。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class DivisionKindMismatch(Conflict):
    """The number of digits of a code says another level than the kind."""

    code = "division.kind_mismatch"
    title = Text("Kind does not fit the code", "类型与代码不符")
    detail = Text(
        "A {kind} has a code of {digits} digits.", "类型 {kind} 的区划代码应为 {digits} 位。"
    )
    cure = Text(
        "Districts have 6 digits, streets and towns 9, communities and villages 12.",
        "区县 6 位，街道乡镇 9 位，社区村 12 位。",
    )


class DivisionSectionMismatch(Conflict):
    """The last section of a code is given out for another kind."""

    code = "division.section_mismatch"
    title = Text("Kind does not fit the code's section", "类型与代码段不符")
    detail = Text(
        "A code that ends with {section} is given out for a {expected}, not for a {kind}.",
        "以 {section} 结尾的代码段属于 {expected}，而不是 {kind}。",
    )
    cure = Text(
        "Correct the code or the kind: streets 001-099, towns 100-199, townships 200-399; "
        "residents' committees 001-199, villagers' committees 200-399.",
        "请更正代码或类型：街道 001-099，镇 100-199，乡 200-399；居委会 001-199，村委会 200-399。",
    )


class DivisionCodePadded(Conflict):
    """A code is filled up with zeros to the length of a lower level."""

    code = "division.code_padded"
    title = Text("Code filled up with zeros", "代码以零补位")
    detail = Text(
        "The code ends with a section of zeros, which stands for no division of its level.",
        "该代码以三位零结尾，不对应任何本级区划。",
    )
    cure = Text(
        "Write the code with 6, 9 or 12 digits as its level has: 630102, not 630102000000.",
        "请按所属层级书写 6、9 或 12 位代码：630102，而非 630102000000。",
    )


class DivisionParentMissing(Conflict):
    """The division that the code's prefix names is not there."""

    code = "division.parent_missing"
    title = Text("Parent division missing", "缺少上级区划")
    detail = Text(
        "The division above this one, {parent_code}, is not in force here.",
        "上级区划 {parent_code} 不存在或已撤销。",
    )
    cure = Text("Create the division above first.", "请先建立上级区划。")


class DivisionParentMismatch(Conflict):
    """A row names another parent than its own code does."""

    code = "division.parent_mismatch"
    title = Text("Parent does not fit the code", "上级区划与代码不符")
    detail = Text(
        "The parent's code must be the first 6 or 9 digits of the code.",
        "上级区划代码必须是本代码的前 6 位或前 9 位。",
    )
    cure = Text("Correct the parent code, or leave it out.", "请更正上级代码，或不提供。")


class DivisionRevoked(Conflict):
    """The code was revoked; codes are never used again."""

    code = "division.revoked"
    title = Text("Division revoked", "区划已撤销")
    detail = Text(
        "This code was revoked and is never used again.", "该代码已撤销，且不得重新启用。"
    )
    cure = Text("Use the code of the division that replaces it.", "请使用替代区划的代码。")


class DivisionInUse(Conflict):
    """The division still holds something."""

    code = "division.in_use"
    title = Text("Division in use", "区划仍在使用")
    detail = Text(
        "The division still holds {divisions} divisions, {estates} estates, {buildings} "
        "buildings, {organizations} organizations, {service_points} service points, {teams} "
        "teams and {members} members.",
        "该区划下仍有 {divisions} 个区划、{estates} 个小区、{buildings} 栋楼、{organizations} "
        "个组织、{service_points} 个阵地、{teams} 支队伍、{members} 名人员。",
    )
    cure = Text("Move or end them first.", "请先迁出或注销它们。")


class SourceTaken(Conflict):
    """Another row already bears this source and source id, perhaps outside the caller's areas."""

    code = "source_id.taken"
    title = Text("Source id taken", "来源标识已被占用")
    detail = Text(
        "Another row already has this source and source id.", "该来源及来源标识已被其他记录使用。"
    )
    cure = Text(
        "Use another source name; one row of a source is one row here.",
        "请使用其他来源名称；同一来源标识只对应一条记录。",
    )


class ReferenceAmbiguous(Conflict):
    """An id and a source reference were given, and they name two different rows."""

    code = "reference.ambiguous"
    title = Text("Two references disagree", "两个引用不一致")
    detail = Text(
        "The id and the source reference name different rows.", "标识与来源引用指向不同的记录。"
    )
    cure = Text("Give one of the two.", "请只提供其中一个。")


class EstateInUse(Conflict):
    """Buildings still belong to the estate."""

    code = "estate.has_buildings"
    title = Text("Estate has buildings", "小区内仍有楼栋")
    detail = Text("{count} buildings still belong to the estate.", "仍有 {count} 栋楼属于该小区。")
    cure = Text(
        "Give the buildings another estate, or none, first.", "请先将楼栋改属其他小区或置空。"
    )


class BuildingInUse(Conflict):
    """Households, dwellings or units still belong to the building."""

    code = "building.has_households"
    title = Text("Building in use", "楼栋仍在使用")
    detail = Text(
        "{households} households, {dwellings} dwellings and {units} units still belong to the "
        "building.",
        "仍有 {households} 户、{dwellings} 套房屋、{units} 个单元属于该楼栋。",
    )
    cure = Text("Move or end them first.", "请先迁出或注销。")


class HouseholdNoTaken(Conflict):
    """Another household of the community bears the number."""

    code = "household.number_taken"
    title = Text("Household number taken", "户号重复")
    detail = Text(
        "Another household of the community has this household number.",
        "该社区内已有相同户号的住户。",
    )
    cure = Text(
        "Household numbers are unique in a community; correct one.", "户号在社区内唯一，请更正。"
    )


class CommunityMismatch(Conflict):
    """A household row names another community than its building does."""

    code = "household.community_mismatch"
    title = Text("Community does not fit the building", "社区与楼栋不符")
    detail = Text(
        "The household's community differs from its building's.", "住户的社区与其楼栋的社区不一致。"
    )
    cure = Text(
        "Leave community_code out; the building decides.",
        "请不要提供 community_code，以楼栋为准。",
    )


class GeometryInvalid(Invalid):
    """A polygon that encloses no clear area."""

    code = "geometry.invalid"
    title = Text("Invalid geometry", "几何图形无效")
    detail = Text(
        "The geometry is not valid: {reason} near longitude {longitude}, latitude {latitude}.",
        "几何图形无效：{reason}，位置约为经度 {longitude}、纬度 {latitude}。",
    )
    cure = Text(
        "Redraw it so that rings do not cross or touch themselves.",
        "请修正图形，使环不自交、不自接触。",
    )


class OutsideCommunity(Conflict):
    """A place that lies too far outside the community that it is said to belong to."""

    code = "building.outside_community"
    title = Text("Outside the community", "位于社区之外")
    detail = Text(
        "The place lies {distance_m} m outside its community; at most {limit_m} m are accepted.",
        "该位置在所属社区边界之外 {distance_m} 米，最多允许 {limit_m} 米。",
    )
    cure = Text(
        "Check the community code, the coordinates and their crs.",
        "请核对社区代码、坐标及其坐标系 crs。",
    )
