"""What the incidents service refuses, by name."""

from __future__ import annotations

from kit.errors import Invalid, NotFound, Text


class IncidentNotFound(NotFound):
    """No such incident, or it lies outside the caller's areas."""

    code = "incident.not_found"
    title = Text("Incident not found", "事件不存在")
    detail = Text("There is no such incident.", "事件不存在。")


class CategoryNotFound(NotFound):
    """No such category."""

    code = "category.not_found"
    title = Text("Category not found", "类别不存在")
    detail = Text("There is no such category.", "类别不存在。")
    cure = Text("List the categories and take a code from there.", "请从类别列表中选取编码。")


class ReportInvalid(Invalid):
    """The report does not fit its category; `errors` says where."""

    code = "incident.invalid"
    title = Text("Report does not fit its category", "上报内容与类别不符")
    detail = Text(
        "The report does not fit its category; see errors.", "上报内容与所选类别不符，见 errors。"
    )
    cure = Text(
        "Read the category: it must be an active leaf, and `fields` says what attributes it takes.",
        "请查看类别：须为启用的小类，其 fields 说明可填的扩展字段。",
    )


class OutsideArea(Invalid):
    """The place of the report lies outside the caller's areas; it does not say where it lies."""

    code = "incident.outside_area"
    title = Text("Outside your areas", "超出授权区域")
    detail = Text(
        "The place of the report lies outside the areas of your client.",
        "上报位置不在该客户端的授权区域内。",
    )
    cure = Text(
        "Report what lies in your areas, or ask the operator for wider ones.",
        "请上报授权区域内的事件，或联系运维方扩大区域。",
    )


class GridUnknown(Invalid):
    """The named grid is not in force."""

    code = "incident.grid_unknown"
    title = Text("Unknown grid", "网格不存在")
    detail = Text("No grid with this code is in force.", "没有使用该编码的现行网格。")
    cure = Text("Send the point instead; the grid is then found.", "请改报坐标，由系统确定网格。")


class ActionInvalid(Invalid):
    """What the action needs is missing, or what it does not take was sent; see errors."""

    code = "transition.invalid"
    title = Text("The action needs other fields", "操作所需字段不符")
    detail = Text(
        "The action {action} needs other fields; see errors.",
        "操作 {action} 所需字段不符，见 errors。",
    )
    cure = Text("Send the fields that `errors` names.", "按 errors 所列补充或去除字段。")
