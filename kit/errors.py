"""Problems: every refusal has a name, a stable code, a text in two languages and a cure.

There is no HTTP in this module; `kit.web.problems` maps each kind to a status once.

    Problem
      Malformed             the bytes cannot be read
      Invalid               well formed, but wrong; nothing was changed
      Unauthenticated       no acceptable token
      Forbidden             a good token without the scope
      NotFound              absent, or outside the caller's areas (the two look alike)
      MethodNotAllowed      the resource knows other methods
      NotAcceptable         none of the offered media types is accepted
      Conflict              the state of the resource forbids the change
      PreconditionFailed    If-Match names another version
      PreconditionRequired  If-Match is missing
      TooLarge              body, header or set beyond a limit
      UnsupportedMedia      a media type or encoding that is not read here
      TooManyRequests       a limit over time
      Unavailable           this service cannot do it now; try again
      BadUpstream           a peer answered with something that is no answer
      UpstreamTimeout       a peer did not answer in time
      Internal              a defect of ours
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

Language = Literal["en", "zh-CN"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages; `{name}` stands for a parameter."""

    en: str
    zh: str

    def render(self, language: Language, params: dict[str, object] | None = None) -> str:
        """Return the message with its parameters filled in."""
        template = self.zh if language == "zh-CN" else self.en
        return template.format(**params) if params else template


@dataclass(frozen=True, slots=True)
class FieldError:
    """One defect of a request: where (RFC 6901 pointer, or a parameter's name), code and text.

    The refused value itself is never part of it.
    """

    code: str
    text: Text
    pointer: str | None = None
    parameter: str | None = None
    params: tuple[tuple[str, object], ...] = ()

    def detail(self, language: Language) -> str:
        """Return the text of the defect in one language."""
        return self.text.render(language, dict(self.params))


class Problem(Exception):
    """Base of everything that is refused on purpose.

    A subclass states `code`, `title`, `detail` and `cure`.  Keyword arguments fill the detail's
    placeholders; they must be safe to show to anybody (codes, counts, limits: never a refused
    value, never personal data).  `extra` becomes members of the answer, `errors` the list of
    field errors, `retry_after_s` the Retry-After header.
    """

    code: ClassVar[str] = "problem"
    title: ClassVar[Text] = Text("Problem", "问题")
    detail: ClassVar[Text] = Text("The request could not be served.", "请求无法处理。")
    cure: ClassVar[Text] = Text("Read the detail.", "请查看详细说明。")

    def __init__(
        self,
        *,
        errors: Sequence[FieldError] = (),
        extra: dict[str, object] | None = None,
        retry_after_s: int | None = None,
        headers: dict[str, str] | None = None,
        **params: object,
    ) -> None:
        super().__init__(self.code)
        self.params = params
        self.errors = tuple(errors)
        self.extra = extra or {}
        self.retry_after_s = retry_after_s
        self.headers = headers or {}

    def render_detail(self, language: Language) -> str:
        """Return the detail in one language."""
        return self.detail.render(language, self.params)

    def __str__(self) -> str:
        return f"{self.code}: {self.render_detail('en')}"


class Malformed(Problem):
    """The bytes cannot be read."""

    code = "request.malformed"
    title = Text("Malformed request", "请求格式错误")
    detail = Text("The request could not be read.", "请求内容无法解析。")
    cure = Text("Send well-formed JSON in UTF-8.", "请发送格式正确的 UTF-8 JSON。")


class Invalid(Problem):
    """Well formed, but wrong; nothing was changed."""

    code = "request.invalid"
    title = Text("Invalid request", "请求内容不正确")
    detail = Text(
        "Some fields are missing, unknown or wrong; see errors.",
        "有字段缺失、未知或取值不正确，见 errors。",
    )
    cure = Text("Mend each field that `errors` names.", "按 errors 所列逐项修改。")


class Unauthenticated(Problem):
    """No acceptable token."""

    code = "token.invalid"
    title = Text("Unauthenticated", "未通过身份验证")
    detail = Text(
        "A valid access token is needed in the Authorization header.",
        "请求头 Authorization 中需要有效的访问令牌。",
    )
    cure = Text(
        "Fetch a token from POST /oauth/token and send it as `Authorization: Bearer ...`.",
        "通过 POST /oauth/token 获取令牌，并以 Authorization: Bearer 发送。",
    )


class Forbidden(Problem):
    """A good token without the scope."""

    code = "token.scope_missing"
    title = Text("Forbidden", "权限不足")
    detail = Text("The token lacks the scope {scope}.", "令牌缺少权限 {scope}。")
    cure = Text(
        "Ask the operator to grant the scope to your client.", "请联系运维方为该客户端授权。"
    )


class NotFound(Problem):
    """Absent, or outside the caller's areas: the two look alike."""

    code = "resource.not_found"
    title = Text("Not found", "未找到")
    detail = Text("There is no such resource.", "资源不存在。")
    cure = Text(
        "Check the identifier, and that your client's areas include it.",
        "请核对标识，并确认其在客户端的授权区域内。",
    )


class MethodNotAllowed(Problem):
    """The resource knows other methods."""

    code = "request.method_not_allowed"
    title = Text("Method not allowed", "方法不允许")
    detail = Text("This resource does not support that method.", "该资源不支持此方法。")
    cure = Text("Use one of the methods in the Allow header.", "请使用 Allow 响应头中列出的方法。")


class NotAcceptable(Problem):
    """None of the offered media types is accepted."""

    code = "request.not_acceptable"
    title = Text("Not acceptable", "无法提供所需格式")
    detail = Text("This resource is offered as {offered}.", "该资源可提供的格式：{offered}。")
    cure = Text(
        "Name one of the offered media types in Accept.", "请在 Accept 中选择上述格式之一。"
    )


class Conflict(Problem):
    """The state of the resource forbids the change."""

    code = "resource.conflict"
    title = Text("Conflict", "冲突")
    detail = Text("The change conflicts with what is stored.", "该修改与已存内容冲突。")
    cure = Text("Read the resource again and adapt the change.", "请重新读取资源后再修改。")


class TransitionRefused(Conflict):
    """The state, or a rule of the action, forbids it now.

    The answer names `state`, `action`, `allowed_actions` (for this caller) and, when a rule and
    not the state stands in the way, `guard`; the rule's own text is then the detail.
    """

    code = "transition.refused"
    title = Text("Transition refused", "操作不被允许")
    detail = Text(
        "The action {action} is not possible in the state {state}.",
        "状态 {state} 下不能执行操作 {action}。",
    )
    cure = Text(
        "Take one of allowed_actions, or wait until another party has acted.",
        "请执行 allowed_actions 中的操作，或等待其他单位处理。",
    )

    def __init__(
        self,
        *,
        state: str,
        action: str,
        allowed: Sequence[str],
        guard: str | None = None,
        why: Text | None = None,
    ) -> None:
        extra: dict[str, object] = {
            "state": state,
            "action": action,
            "allowed_actions": list(allowed),
        }
        if guard is not None:
            extra["guard"] = guard
        super().__init__(extra=extra, state=state, action=action)
        self._why = why

    def render_detail(self, language: Language) -> str:
        """Return the text of the rule that stands in the way, or of the state."""
        if self._why is not None:
            return self._why.render(language)
        return super().render_detail(language)


class PreconditionFailed(Problem):
    """If-Match names another version."""

    code = "precondition.failed"
    title = Text("Precondition failed", "前置条件不满足")
    detail = Text(
        "The resource has changed since the version that If-Match names.",
        "资源已变更，与 If-Match 指定的版本不一致。",
    )
    cure = Text("Read it again and repeat with its ETag.", "请重新读取并使用新的 ETag 重试。")


class PreconditionRequired(Problem):
    """If-Match is missing."""

    code = "precondition.required"
    title = Text("Precondition required", "缺少前置条件")
    detail = Text(
        "This change needs an If-Match header with the ETag that you read.",
        "该修改需要 If-Match 请求头，取值为读取时的 ETag。",
    )
    cure = Text(
        "GET the resource and send its ETag as If-Match.",
        "先 GET 资源，再以其 ETag 作为 If-Match。",
    )


class TooLarge(Problem):
    """Body, header or set beyond a limit."""

    code = "request.too_large"
    title = Text("Too large", "内容过大")
    detail = Text("The request exceeds the limit of {limit}.", "请求超过上限 {limit}。")
    cure = Text(
        "Send less at once; bulk data goes through imports.", "请分批发送；批量数据请使用导入接口。"
    )


class UnsupportedMedia(Problem):
    """A media type or encoding that is not read here."""

    code = "request.unsupported_media"
    title = Text("Unsupported media type", "不支持的媒体类型")
    detail = Text("This resource reads {accepted}.", "该资源接受：{accepted}。")
    cure = Text("Set Content-Type to one that is read here.", "请使用受支持的 Content-Type。")


class TooManyRequests(Problem):
    """A limit over time."""

    code = "limit.exceeded"
    title = Text("Too many requests", "请求过于频繁")
    detail = Text("The limit for this client is used up.", "该客户端的请求额度已用完。")
    cure = Text("Wait for the seconds in Retry-After.", "请按 Retry-After 等待后重试。")


class Unavailable(Problem):
    """This service cannot do it now; try again."""

    code = "service.unavailable"
    title = Text("Unavailable", "服务暂不可用")
    detail = Text("The service cannot answer right now.", "服务暂时无法应答。")
    cure = Text("Repeat after the seconds in Retry-After.", "请按 Retry-After 等待后重试。")


class BadUpstream(Problem):
    """A peer answered with something that is no answer."""

    code = "upstream.bad_answer"
    title = Text("Bad gateway", "上游应答异常")
    detail = Text("A service behind this one gave no usable answer.", "后端服务应答无效。")
    cure = Text("Repeat later; report it if it stays.", "请稍后重试；如持续出现请报告。")


class UpstreamTimeout(Problem):
    """A peer did not answer in time."""

    code = "upstream.timeout"
    title = Text("Gateway timeout", "上游应答超时")
    detail = Text("A service behind this one did not answer in time.", "后端服务未在限时内应答。")
    cure = Text(
        "Repeat later; a write may have been done: use an Idempotency-Key.",
        "请稍后重试；写操作可能已完成，请使用 Idempotency-Key。",
    )


class Internal(Problem):
    """A defect of ours."""

    code = "internal.error"
    title = Text("Internal error", "内部错误")
    detail = Text(
        "Something went wrong on our side; nothing was changed.", "系统内部出错，未作任何更改。"
    )
    cure = Text("Report the request_id to the operator.", "请将 request_id 告知运维方。")


def catalogue(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Yield every problem class below root once, in code order; codes must be unique."""
    found: dict[str, type[Problem]] = {}
    stack = list(root.__subclasses__())
    while stack:
        kind = stack.pop()
        stack.extend(kind.__subclasses__())
        if "code" in kind.__dict__ and found.setdefault(kind.code, kind) is not kind:
            message = f"two problems share the code {kind.code}"
            raise ValueError(message)
    yield from (found[code] for code in sorted(found))
