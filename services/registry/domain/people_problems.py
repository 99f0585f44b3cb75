"""What the registry refuses about people, by name."""

from __future__ import annotations

from kit.errors import Conflict, Invalid, NotFound, Text


class ResidentNotFound(NotFound):
    """No such resident, or outside the caller's areas."""

    code = "resident.not_found"
    title = Text("Resident not found", "居民不存在")
    detail = Text("There is no such resident.", "没有这名居民。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class MemberNotFound(NotFound):
    """No such member of the governance force, or outside the caller's areas."""

    code = "member.not_found"
    title = Text("Member not found", "治理人员不存在")
    detail = Text("There is no such member.", "没有这名治理人员。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class AppointmentNotFound(NotFound):
    """No such appointment, or outside the caller's areas."""

    code = "appointment.not_found"
    title = Text("Appointment not found", "任职不存在")
    detail = Text("There is no such appointment.", "没有这项任职。")
    cure = Text("Check the id, or the source and its id.", "请核对标识，或来源与来源标识。")


class PersonalFieldsRefused(Invalid):
    """A number of a person is wrong; `errors` says which field and how."""

    code = "person.field_refused"
    title = Text("Personal field refused", "个人信息字段有误")
    detail = Text(
        "A field about the person is wrong; see errors.", "有个人信息字段不正确，见 errors。"
    )
    cure = Text("Correct each field that `errors` names.", "按 errors 所列逐项更正。")


class CodeUnknown(Invalid):
    """A code is not in the installation's list."""

    code = "code.unknown"
    title = Text("Unknown code", "代码未知")
    detail = Text(
        "The code is not in the list {list} of GET /registry/v1/people-lists.",
        "该代码不在 GET /registry/v1/people-lists 的 {list} 代码表中。",
    )
    cure = Text(
        "Take a code of that list, or ask the operator to add one.",
        "请使用该代码表中的代码，或联系运维方增补。",
    )


class HouseholdMissing(Conflict):
    """A resident names neither the household they live in nor the one they are registered in."""

    code = "resident.household_missing"
    title = Text("Household missing", "缺少所属住户")
    detail = Text(
        "A resident belongs to a household here: the one lived in, or the registered one.",
        "居民应属于本库的一户：居住户或户籍户。",
    )
    cure = Text(
        "Give household_id or household, or registered_household_id or registered_household.",
        "请提供 household_id 或 household，或 registered_household_id 或 registered_household。",
    )


class HouseholderTaken(Conflict):
    """The household has a householder already."""

    code = "resident.householder_taken"
    title = Text("Householder exists", "户主已存在")
    detail = Text("The household has another householder already.", "该户已有另一名户主。")
    cure = Text(
        "Change the relation of the present householder first.", "请先更改现户主的与户主关系。"
    )


class HouseholdHasResidents(Conflict):
    """The household still has residents."""

    code = "household.has_residents"
    title = Text("Household has residents", "户内仍有居民")
    detail = Text(
        "{count} residents still belong to the household.", "仍有 {count} 名居民属于该户。"
    )
    cure = Text("Move or end the residents first.", "请先迁出或注销居民。")


class AlreadyErased(Conflict):
    """The person's data were erased; what is left is a tombstone."""

    code = "person.erased"
    title = Text("Already erased", "个人信息已删除")
    detail = Text(
        "The personal data of this row were erased; it cannot come back.",
        "该记录的个人信息已被删除，不能恢复。",
    )
    cure = Text("Make a new row if the person is to be kept again.", "如需重新登记，请新建记录。")


class PlaceNotFound(NotFound):
    """No such place, or outside the caller's areas."""

    code = "place.not_found"
    title = Text("Place not found", "任职地点不存在")
    detail = Text(
        "No division in force has this code, or holds the grid of this code.",
        "没有该代码对应的有效区划，或该网格编码所属的社区。",
    )
    cure = Text(
        "Give a division code of 6, 9 or 12 digits, or a grid code of 15 digits whose community "
        "is in force.",
        "请提供 6、9、12 位的有效区划代码，或所属社区有效的 15 位网格编码。",
    )


class AppointmentDates(Invalid):
    """The dates of an appointment do not fit each other."""

    code = "appointment.dates"
    title = Text("Dates do not fit", "任期日期不符")
    detail = Text(
        "An appointment ends after the day it begins, and only one that ends has a reason.",
        "任期终止日应晚于起始日，且仅在填写终止日时才可填写终止原因。",
    )
    cure = Text(
        "Correct valid_from, valid_to or end_reason.", "请更正 valid_from、valid_to 或 end_reason。"
    )


class SourceIdPersonal(Invalid):
    """The source's id of a person is that person's identity number."""

    code = "person.source_id_personal"
    title = Text("Source id is personal", "来源标识含个人信息")
    detail = Text(
        "The id in the source is an identity number; it would stand in addresses and logs.",
        "来源标识是公民身份号码，会出现在地址与日志中，不予接受。",
    )
    cure = Text(
        "Use a row number or another id that says nothing about the person.",
        "请改用不含个人信息的行号或内部编号。",
    )


class RegistrationContradiction(Conflict):
    """What is stated about the registration contradicts the two households."""

    code = "resident.registration_contradiction"
    title = Text("Registration contradicts the households", "人户分离与所属住户矛盾")
    detail = Text(
        "registered_elsewhere contradicts the household lived in and the registered one.",
        "registered_elsewhere 与居住户、户籍户不一致。",
    )
    cure = Text(
        "Leave registered_elsewhere out; the two households decide.",
        "请不要填写 registered_elsewhere，由两个住户字段判定。",
    )


class MemberInUse(Conflict):
    """The member still holds posts."""

    code = "member.has_appointments"
    title = Text("Member holds posts", "仍有任职")
    detail = Text(
        "The member still has, or will have, {count} posts and places in teams.",
        "该人员仍有 {count} 项现任或待任职务、队伍成员资格。",
    )
    cure = Text(
        "End the appointments and memberships first, by valid_to.",
        "请先以 valid_to 终止任职和队伍成员资格。",
    )
