"""What the registry refuses of organizations, teams and service points, by name."""

from __future__ import annotations

from kit.errors import Conflict, Forbidden, Invalid, NotFound, Text


class OrganizationNotFound(NotFound):
    """No such organization, or one that serves none of the caller's areas."""

    code = "organization.not_found"
    title = Text("Organization not found", "组织不存在")
    detail = Text("There is no such organization.", "没有这个组织。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class OrganizationShared(Forbidden):
    """The organization serves the caller's area but belongs to another."""

    code = "organization.shared"
    title = Text("Organization of another area", "组织归其他区域管理")
    detail = Text(
        "The organization serves your area but belongs to another division.",
        "该组织服务于您的区域，但归其他区划管理。",
    )
    cure = Text(
        "Ask the division that it belongs to, or whoever has its area, for the change.",
        "请联系该组织所属区划或具有相应区域权限的单位修改。",
    )


class OrganizationInUse(Conflict):
    """Something still refers to the organization."""

    code = "organization.in_use"
    title = Text("Organization in use", "组织仍被引用")
    detail = Text(
        "{organizations} organizations, {estates} estates, {service_points} service points, "
        "{teams} teams, {members} members and {appointments} appointments still refer to the "
        "organization.",
        "仍有 {organizations} 个组织、{estates} 个小区、{service_points} 个阵地、{teams} 支队伍、"
        "{members} 名人员、{appointments} 项任职引用该组织。",
    )
    cure = Text("Give them another organization, or none, first.", "请先将其改属其他组织或置空。")


class OrganizationLoop(Conflict):
    """An organization would stand above itself."""

    code = "organization.parent_loop"
    title = Text("Organization above itself", "上级组织形成循环")
    detail = Text(
        "The parent is the organization itself, or stands below it.",
        "上级组织是该组织本身或其下级。",
    )
    cure = Text("Choose a parent outside its own branch.", "请选择不属于其下级的组织作为上级。")


class OrganizationUnfit(Conflict):
    """An organization is named as a party of an estate that its kind cannot be."""

    code = "organization.kind_unfit"
    title = Text("Organization of an unfit kind", "组织类型不符")
    detail = Text(
        "An organization of this kind cannot be the {party} of an estate.",
        "该类型的组织不能作为小区的 {party}。",
    )
    cure = Text(
        "Name an organization whose kind fits; GET kinds shows which do.",
        "请引用类型相符的组织；可通过 kinds 查询。",
    )


class UsccInvalid(Invalid):
    """A unified social credit code with a wrong character or a wrong check character."""

    code = "uscc.invalid"
    title = Text("Invalid unified social credit code", "统一社会信用代码有误")
    detail = Text(
        "The code has 18 characters of 0-9 and A-Z without I, O, S, V, Z; its last one must fit "
        "the others (GB 32100).",
        "代码应为 18 位，由数字和除 I、O、S、V、Z 外的大写字母组成，末位校验码须相符（GB 32100）。",
    )
    cure = Text(
        "Compare it with the certificate, character by character.", "请与证照逐位核对后更正。"
    )


class KindUnknown(Invalid):
    """A kind that the installation's list does not hold."""

    code = "kind.unknown"
    title = Text("Unknown kind", "未知类型")
    detail = Text("There is no such kind of {noun}.", "没有这种 {noun} 类型。")
    cure = Text(
        "Choose one of GET kinds, or let the operator add it to the list of kinds.",
        "请从 kinds 中选择，或请运维方在类型清单中增加。",
    )


class ServicePointNotFound(NotFound):
    """No such service point, or outside the caller's areas."""

    code = "service_point.not_found"
    title = Text("Service point not found", "阵地不存在")
    detail = Text("There is no such service point.", "没有这个阵地。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class OpeningHoursInvalid(Invalid):
    """Opening hours that cannot be read."""

    code = "service_point.opening_hours"
    title = Text("Opening hours not understood", "开放时间无法识别")
    detail = Text(
        "Opening hours are written as `Mo-Fr 09:00-12:00,14:00-18:00; Sa 10:00-16:00`, or `24/7`.",
        "开放时间应写作 `Mo-Fr 09:00-12:00,14:00-18:00; Sa 10:00-16:00` 或 `24/7`。",
    )
    cure = Text(
        "Use the days Mo Tu We Th Fr Sa Su PH and times from 00:00 to 24:00, each later than the "
        "one before.",
        "请使用 Mo Tu We Th Fr Sa Su PH 表示日期，时间为 00:00 至 24:00 且依次递增。",
    )


class TeamNotFound(NotFound):
    """No such team, or outside the caller's areas."""

    code = "team.not_found"
    title = Text("Team not found", "队伍不存在")
    detail = Text("There is no such team.", "没有这支队伍。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class TeamInUse(Conflict):
    """Members still belong to the team."""

    code = "team.has_members"
    title = Text("Team has members", "队伍仍有成员")
    detail = Text(
        "{count} members still belong, or will belong, to the team.", "该队伍仍有 {count} 名成员。"
    )
    cure = Text("End the memberships first, by valid_to.", "请先以 valid_to 终止成员资格。")


class MembershipNotFound(NotFound):
    """No such membership, or outside the caller's areas."""

    code = "membership.not_found"
    title = Text("Membership not found", "队伍成员资格不存在")
    detail = Text("There is no such membership.", "没有这项队伍成员资格。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class MembershipTaken(Conflict):
    """The member is in the team already."""

    code = "membership.taken"
    title = Text("Already a member of the team", "已是队伍成员")
    detail = Text(
        "The member has an open membership of this team already.", "该人员已是该队伍的现任成员。"
    )
    cure = Text("End that one first, by valid_to.", "请先以 valid_to 终止原有成员资格。")


class MembershipDates(Invalid):
    """A membership would end before it begins."""

    code = "membership.dates"
    title = Text("Dates do not fit", "日期不符")
    detail = Text("A membership ends after the day it begins.", "成员资格的终止日应晚于起始日。")
    cure = Text("Correct valid_from or valid_to.", "请更正 valid_from 或 valid_to。")


class PartyContradicted(Conflict):
    """An estate is said to lack a party that it also names."""

    code = "estate.party_contradicted"
    title = Text("Party named and denied", "同时指定又否认")
    detail = Text(
        "An organization is named as the estate's {party}, but the estate is said to have none.",
        "已指定小区的 {party}，却又注明没有。",
    )
    cure = Text("Leave out the one that is wrong.", "请去掉其中错误的一项。")
