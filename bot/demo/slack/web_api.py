"""The door of the Web API: every call passes token, method, scope and limits here before its method answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from bot.demo.slack import chat, directory, files, views
from bot.demo.slack.app import App
from bot.demo.slack.errors import Refused
from bot.demo.slack.limits import Limits
from bot.demo.slack.request import Answer, Method, Request
from bot.demo.slack.things import Call
from bot.demo.slack.workspace import APP_ID, Workspace

APP_SCOPES: Final = ("connections:write",)


@dataclass(frozen=True, slots=True)
class Tokens:
    bot: str
    app: str
    signing_secret: str

    @classmethod
    def made_up(cls) -> "Tokens":
        secret = uuid4().hex
        return cls(f"xoxb-demo-{secret}", f"xapp-1-{APP_ID}-{secret}", uuid4().hex)


class WebApi:
    """`open_socket` returns the address of a new Socket Mode connection."""

    def __init__(
        self, workspace: Workspace, app: App, tokens: Tokens, limits: Limits, open_socket: Callable[[], str]
    ) -> None:
        self._workspace = workspace
        self._app = app
        self._tokens = tokens
        self.limits = limits
        self._open_socket = open_socket
        self._methods: Mapping[str, Method] = {
            **chat.METHODS,
            **views.METHODS,
            **directory.METHODS,
            **files.METHODS,
            "apps.connections.open": Method(self._connect, ("connections:write",), app_token=True),
        }
        self.calls: list[Call] = []

    def answer(self, name: str, token: str, arguments: Mapping[str, Any]) -> tuple[Answer, Mapping[str, str]]:
        """The body and the headers of the answer. One with a Retry-After has the status 429."""
        headers = {"x-oauth-scopes": ",".join(self._scopes(token))}
        try:
            method = self._method(name, token)
            self.limits.admit(name, arguments)
            found = method.run(Request(self._workspace, self._app, arguments))
            body = {"ok": True, **found}
        except Refused as refused:
            body = {"ok": False, "error": refused.code, **refused.more}
            if (seconds := body.pop("retry_after", None)) is not None:
                headers["Retry-After"] = str(seconds)
        self.calls.append(Call(name, arguments, bool(body["ok"]), body.get("error")))
        self._workspace.changed()
        return body, headers

    def _scopes(self, token: str) -> tuple[str, ...]:
        return {self._tokens.bot: self._app.scopes, self._tokens.app: APP_SCOPES}.get(token, ())

    def _method(self, name: str, token: str) -> Method:
        method = self._methods.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        if not token:
            raise Refused("not_authed")
        if token not in (self._tokens.bot, self._tokens.app):
            raise Refused("invalid_auth")
        if token != (self._tokens.app if method.app_token else self._tokens.bot):
            raise Refused("not_allowed_token_type")
        provided = self._scopes(token)
        if method.any_scope and not set(method.any_scope) & set(provided):
            raise Refused("missing_scope", needed=",".join(method.any_scope), provided=",".join(provided))
        return method

    def _connect(self, request: Request) -> Answer:
        return {"url": self._open_socket()}
