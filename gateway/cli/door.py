"""A client of the door: tokens, problems as failures, retries of what may be repeated."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from gateway.cli.failures import CliFailure, broken_answer, no_credentials, unreachable
from gateway.cli.settings import CliSettings

JSON = dict[str, Any]
_ATTEMPTS = 6
_PATIENCE_MAX_S = 10.0
_PASSING = {429, 502, 503, 504}


class Door:
    """Calls to the gateway as one client.

    A call that may be repeated (GET, or any call with an Idempotency-Key) is repeated up to six
    times over about 20 s while the door is away or answers 429/502/503/504, honouring Retry-After.
    Every other answer from 400 up raises CliFailure with the problem's code, detail and cure.
    """

    def __init__(self, settings: CliSettings, transport: httpx.BaseTransport | None = None) -> None:
        self.settings = settings
        self.url = settings.url.rstrip("/")
        self._http = httpx.Client(
            base_url=self.url,
            timeout=httpx.Timeout(settings.timeout_s, connect=5.0),
            headers={"Accept-Language": settings.language, "User-Agent": "jingwei-cli"},
            transport=transport,
        )
        self._token = ""
        self._good_until = 0.0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def token(self) -> JSON:
        """Return a fresh token answer (`access_token`, `expires_in`, `scope`)."""
        secret = self.settings.client_secret.get_secret_value()
        if not self.settings.client_id or not secret:
            raise no_credentials()
        response = self._patiently(
            "POST",
            "/oauth/token",
            repeatable=True,
            data={"grant_type": "client_credentials"},
            auth=(self.settings.client_id, secret),
        )
        if response.status_code == 401:
            raise CliFailure(
                "cli.bad_credentials",
                f"The gateway does not know client {self.settings.client_id!r} with this secret.",
                cure="Check JINGWEI_CLIENT_ID and JINGWEI_CLIENT_SECRET; another VAR folder has "
                "another admin.env.",
                exit_code=3,
            )
        answer = self._content(response)
        self._token = str(answer["access_token"])
        self._good_until = time.monotonic() + float(answer["expires_in"]) - 30
        return answer

    def _bearer(self) -> dict[str, str]:
        if time.monotonic() > self._good_until:
            self.token()
        return {"Authorization": f"Bearer {self._token}"}

    def get(self, path: str, **params: Any) -> JSON:
        """Return the JSON object at a path; parameters that are None are left out."""
        return self.send("GET", path, params=_given(params))

    def post(self, path: str, body: Any, *, key: str | None = None, **params: Any) -> JSON:
        """Send a JSON body; with a key the call is safe to repeat."""
        return self.send("POST", path, json=body, params=_given(params), key=key)

    def pages(self, path: str, **params: Any) -> Iterator[JSON]:
        """Yield every item of a list, page after page."""
        cursor: str | None = None
        while True:
            page = self.get(path, **{"limit": 1000, **params, "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def send(self, method: str, path: str, *, key: str | None = None, **options: Any) -> JSON:
        """Send a request and return its JSON answer ({} when it has none).

        `content` is a function that opens the body anew; `answered` receives the answer's headers
        (lower-case names).
        """
        answered: JSON = options.pop("answered", {})
        headers = dict(options.pop("headers", {})) | self._bearer()
        if key is not None:
            headers["Idempotency-Key"] = key
        repeatable = method == "GET" or key is not None
        response = self._patiently(method, path, repeatable=repeatable, headers=headers, **options)
        if response.status_code == 401 and repeatable:
            self._good_until = 0.0
            headers |= self._bearer()
            response = self._patiently(
                method, path, repeatable=repeatable, headers=headers, **options
            )
        answered.update((name.lower(), value) for name, value in response.headers.items())
        return self._content(response)

    def _patiently(
        self, method: str, path: str, *, repeatable: bool, **options: Any
    ) -> httpx.Response:
        content = options.pop("content", None)
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS or not repeatable
            # A streamed body is used up by one attempt: it comes as a function that opens it anew.
            body = content() if callable(content) else content
            try:
                response = self._http.request(method, path, content=body, **options)
            except httpx.HTTPError as error:
                if last:
                    raise unreachable(self.url) from error
                time.sleep(_patience_s(attempt))
                continue
            if last or response.status_code not in _PASSING:
                return response
            time.sleep(_patience_s(attempt, response.headers))
        raise unreachable(self.url)

    def _content(self, response: httpx.Response) -> JSON:
        if response.is_success:
            if not response.content:
                return {}
            try:
                content: JSON = response.json()
            except ValueError as error:
                raise broken_answer(str(response.request.url.path)) from error
            return content
        raise self._refusal(response)

    def _refusal(self, response: httpx.Response) -> CliFailure:
        try:
            problem: JSON = response.json()
        except ValueError:
            problem = {}
        code = str(problem.get("code") or problem.get("error") or f"http.{response.status_code}")
        detail = str(
            problem.get("detail")
            or problem.get("error_description")
            or f"{response.request.method} {response.request.url.path} was answered with "
            f"{response.status_code} {response.reason_phrase}."
        )
        known = {"type", "title", "detail", "instance", "code"}
        more = {name: value for name, value in problem.items() if name not in known}
        return CliFailure(code, detail, cure=self._cure(problem), more=more)

    def _cure(self, problem: JSON) -> str:
        """Ask the door what mends a problem; without an answer there is no cure to tell."""
        where = str(problem.get("type", ""))
        if not where.startswith("/problems/"):
            return ""
        try:
            answer = self._http.get(where, timeout=3.0)
            cures: dict[str, str] = answer.json().get("cure", {}) if answer.is_success else {}
        except (httpx.HTTPError, ValueError):
            return ""
        return (
            cures.get(self.settings.language) or cures.get("en") or next(iter(cures.values()), "")
        )

    def raw(self, path: str, timeout_s: float = 5.0) -> httpx.Response:
        """Return the bare answer to a public path; raises httpx.HTTPError."""
        return self._http.get(path, timeout=timeout_s)


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def _patience_s(attempt: int, headers: Mapping[str, str] | None = None) -> float:
    asked = (headers or {}).get("retry-after", "")
    wait_s = float(asked) if asked.isdigit() else 0.25 * 2**attempt
    return min(wait_s, _PATIENCE_MAX_S)
