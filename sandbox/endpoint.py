"""The Bot API over HTTP: `/bot<token>/<method>` and the download of files under `/file/bot<token>/<path>`."""

import hmac
import re

from aiohttp import web

from sandbox.api import MAX_DOWNLOAD, Api
from sandbox.errors import ApiError
from sandbox.params import read_params
from sandbox.state import State

TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]+", re.ASCII)


class Endpoint:
    def __init__(self, token: str, state: State) -> None:
        self._token = token
        self._state = state
        self._api = Api(state)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/bot{token:[^/]+}/{method}", self.call),
            web.get("/file/bot{token:[^/]+}/{path:.+}", self.download),
        ]

    async def close(self) -> None:
        await self._api.close()

    async def call(self, request: web.Request) -> web.Response:
        self._check_token(request)
        if request.method not in {"GET", "POST"}:
            raise ApiError(405, "Method Not Allowed")
        result = await self._api.call(request.match_info["method"], await read_params(request))
        return web.json_response({"ok": True, "result": result})

    async def download(self, request: web.Request) -> web.Response:
        self._check_token(request)
        path = request.match_info["path"]
        file = next((file for file in self._state.files.values() if file.path == path), None)
        if file is None or len(file.content) > MAX_DOWNLOAD:
            raise ApiError(404, "Not Found")
        return web.Response(body=file.content, content_type="application/octet-stream")

    def _check_token(self, request: web.Request) -> None:
        token = request.match_info["token"]
        if not TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        if not hmac.compare_digest(token, self._token):
            raise ApiError(401, "Unauthorized")
