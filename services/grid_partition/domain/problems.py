"""What the partition service refuses, by name."""

from __future__ import annotations

from kit.errors import Conflict, Forbidden, Invalid, NotFound, Text


class PlanNotFound(NotFound):
    """There is no such plan, or it lies outside the caller's areas."""

    code = "plan.not_found"
    title = Text("Plan not found", "方案不存在")
    detail = Text("There is no such plan.", "没有该划分方案。")


class PlanAlreadyRunning(Conflict):
    """A plan of an overlapping area is being computed."""

    code = "plan.already_running"
    title = Text("A plan is already being computed", "已有方案正在计算")
    detail = Text("A plan for an overlapping area is being computed.", "重叠区域已有方案正在计算。")
    cure = Text(
        "Wait for it, or cancel it; `plan` in the answer names it where you may see it.",
        "请等待其完成或先取消；应答中的 plan 给出您有权查看的方案标识。",
    )


class PlanAreaEmpty(Invalid):
    """The area holds nothing that could be divided."""

    code = "plan.area_empty"
    title = Text("Nothing to divide", "区域内无可划分内容")
    detail = Text(
        "The registry knows no community with households in this area.",
        "户籍库中该区域没有含住户的社区。",
    )
    cure = Text(
        "Import the communities and buildings of the area into the registry first.",
        "请先在人房库中导入该区域的社区和楼栋。",
    )


class PlanRuleSetUnknown(Invalid):
    """The rule set that the plan names does not exist for its area."""

    code = "plan.rule_set_unknown"
    title = Text("Unknown rule set", "规则集不存在")
    detail = Text("No rule set of that name holds in this area.", "该区域没有此名称的规则集。")
    cure = Text(
        "GET /partition/v1/rule-sets lists those that hold.", "可用规则集见 rule-sets 列表。"
    )


class PlanBaseMissing(Invalid):
    """The plan builds on grids in force, and there are none."""

    code = "plan.base_missing"
    title = Text("No grids in force", "没有现行网格")
    detail = Text(
        "No grid is in force in this area, so there is nothing to build on.",
        "该区域没有现行网格，无法以其为基础。",
    )
    cure = Text("Leave `base` out for a first division.", "首次划分请不要填写 base。")


class RegistryChanged(Conflict):
    """The register has changed since the plan was computed."""

    code = "plan.registry_changed"
    title = Text("The registry has changed", "人房数据已变化")
    detail = Text(
        "The register of {count} communities has changed since the plan was computed.",
        "自方案计算以来，{count} 个社区的人房数据已发生变化。",
    )
    cure = Text(
        "Make a new plan for the area; `communities` in the answer names those that changed.",
        "请重新生成方案；应答中的 communities 列出已变化的社区。",
    )


class ViolationsOpen(Conflict):
    """Violations have not been acknowledged."""

    code = "plan.violations_open"
    title = Text("Violations not acknowledged", "存在未确认的问题")
    detail = Text(
        "{count} violations need an acknowledgement with a reason before the plan is submitted.",
        "提交前须逐项确认并说明理由，尚有 {count} 项未确认。",
    )
    cure = Text(
        "Send `acknowledgements` for those that `violations` in the answer lists.",
        "请对应答 violations 所列逐项提交 acknowledgements。",
    )


class ViolationUnknown(Invalid):
    """An acknowledgement names a violation that is not the plan's."""

    code = "plan.violation_unknown"
    title = Text("Unknown violation", "问题标识不存在")
    detail = Text(
        "An acknowledgement names no violation of this plan.", "确认项所指的问题不属于该方案。"
    )
    cure = Text(
        "GET .../violations lists them with their ids.", "请以 violations 列表中的标识为准。"
    )


class ChangesMissing(NotFound):
    """A plan without a base changes nothing."""

    code = "plan.no_base"
    title = Text("The plan has no base", "方案没有基础网格")
    detail = Text(
        "The plan was made without the grids in force, so there is nothing to compare.",
        "方案未以现行网格为基础，无可比较内容。",
    )
    cure = Text("Make a plan with `base`: `in_force`.", "请以 base=in_force 生成方案。")


class RuleSetNotFound(NotFound):
    """There is no such rule set."""

    code = "rule_set.not_found"
    title = Text("Rule set not found", "规则集不存在")
    detail = Text("There is no such rule set.", "没有该规则集。")


class RuleSetNameTaken(Conflict):
    """The area has a rule set of that name."""

    code = "rule_set.name_taken"
    title = Text("Name taken", "名称已被使用")
    detail = Text("The area already has a rule set of this name.", "该区域已有同名规则集。")
    cure = Text(
        "Choose another name, or change the one that exists.", "请更换名称或修改已有规则集。"
    )


class RuleSetInconsistent(Invalid):
    """Numbers of a rule set contradict each other."""

    code = "rule_set.inconsistent"
    title = Text("Inconsistent rules", "规则自相矛盾")
    detail = Text(
        "The minimum may not exceed the target, nor the target the maximum.",
        "下限不得大于目标值，目标值不得大于上限。",
    )
    cure = Text("Keep min <= target <= max.", "请保证 下限 <= 目标 <= 上限。")


class RuleSetShared(Forbidden):
    """A rule set of a wider area can be read, not changed."""

    code = "rule_set.shared"
    title = Text("Rule set of a wider area", "上级规则集不可修改")
    detail = Text(
        "This rule set belongs to a wider area than your client's.",
        "该规则集属于上级区域，您的客户端不能修改。",
    )
    cure = Text("Make one of the same name for your own area.", "可为本区域新建同名规则集。")


class BarrierNotFound(NotFound):
    """There is no such barrier."""

    code = "barrier.not_found"
    title = Text("Barrier not found", "分界线不存在")
    detail = Text("There is no such barrier.", "没有该分界线。")


class GridNotFound(NotFound):
    """No grid of that code is in force at that time."""

    code = "grid.not_found"
    title = Text("Grid not found", "网格不存在")
    detail = Text("No grid of this code is in force at that time.", "该时间没有此编码的现行网格。")
