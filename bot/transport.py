"""Requests to the Bot API by aiohttp: at a fraction of the processor time that httpx, python-telegram-bot's own, takes.

Defaults and errors are those of `telegram.request.HTTPXRequest`.
"""

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

_CONNECTIONS = 256
_READ, _UPLOAD, _CONNECT, _POOL = 5.0, 20.0, 5.0, 1.0  # seconds
_NOT_GIVEN = BaseRequest.DEFAULT_NONE
_Limit = Any  # seconds, None for as long as it takes, or _NOT_GIVEN


class Transport(BaseRequest):
    """Requests to the Bot API at `url`; through the proxy, if any, that the environment names for it.

    No error of it says more of a request than its kind: the token stands in every address.
    """

    def __init__(self, url: str) -> None:
        self._proxy = _proxy_for(url)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return _READ

    async def initialize(self) -> None:
        if self._session is None:
            # The certificates that HTTPXRequest trusts: httpx brings its own, where a system may have none.
            connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=httpx.create_ssl_context())
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                proxy=self._proxy,
            )

    async def shutdown(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(  # noqa: PLR0917  as BaseRequest has it
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: _Limit = _NOT_GIVEN,
        write_timeout: _Limit = _NOT_GIVEN,
        connect_timeout: _Limit = _NOT_GIVEN,
        pool_timeout: _Limit = _NOT_GIVEN,
    ) -> tuple[int, bytes]:
        """The status and the body of the answer.

        `write_timeout` bounds a whole upload; what carries no file fits into the socket's buffer, and needs no bound.

        Raises:
            TimedOut: one of the limits has passed.
            NetworkError: there is no connection, or it broke.
            RuntimeError: this is not initialised.
        """
        if self._session is None:
            raise RuntimeError("this Transport is not initialised")
        read, connect = _either(read_timeout, _READ), _either(connect_timeout, _CONNECT)
        connected = _sum(_either(pool_timeout, _POOL), connect)
        uploads = request_data is not None and request_data.contains_files
        total = _sum(connected, _either(write_timeout, _UPLOAD), read) if uploads else None
        limits = aiohttp.ClientTimeout(total, connect=connected, sock_connect=connect, sock_read=read)
        try:
            async with self._session.request(
                method, url, data=_form(request_data), timeout=limits, allow_redirects=False
            ) as response:
                return response.status, await response.read()
        except TimeoutError:
            raise TimedOut from None
        except aiohttp.ClientError as error:
            raise NetworkError(f"aiohttp.{type(error).__name__}") from None


def _form(data: RequestData | None) -> aiohttp.FormData | None:
    if data is None:
        return None
    form = aiohttp.FormData(data.json_parameters, quote_fields=False)  # file names as they are, as Telegram wants them
    for name, (filename, content, kind) in data.multipart_data.items():
        file = BytesIO(content) if isinstance(content, bytes) else content  # which is sent piece by piece
        form.add_field(name, file, filename=filename, content_type=kind)
    return form


def _proxy_for(url: str) -> str | None:
    """What HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say for an address.

    aiohttp itself would look anew at every request, in another thread, and knows no ALL_PROXY.
    """
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _either(given: _Limit, default: float) -> float | None:
    return default if given is _NOT_GIVEN else given


def _sum(*limits: float | None) -> float | None:
    """The limit of several steps together."""
    seconds = [limit for limit in limits if limit is not None]
    return sum(seconds) if len(seconds) == len(limits) else None
