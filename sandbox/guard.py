"""Who may talk to the sandbox: programs and the page on this machine, and no other website.

A page from elsewhere that is open in the same browser could reach a loopback port, by its address or by a name that it
points there. Both show: in `Host`, in `Origin`, and in `Sec-Fetch-Site`, which a page cannot set.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.errors import ApiError

NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only this machine's requests through and write every refusal as the Bot API does."""
    try:
        check(request)
        return await handler(request)
    except ApiError as error:
        return web.json_response(error.to_api(), status=error.code)
    except web.HTTPException as error:
        return web.json_response(ApiError(error.status, error.reason).to_api(), status=error.status)


def check(request: web.Request) -> None:
    """Raise a 403 unless the request is addressed to a loopback name and port and comes from no foreign page."""
    host = request.headers.get("Host", "")
    name, _, port = host.rpartition(":")
    transport = request.transport
    own_port = transport.get_extra_info("sockname")[1] if transport else None
    if name not in NAMES or port != str(own_port):
        raise ApiError(403, "Forbidden: the sandbox answers to its loopback address only")
    if request.headers.get("Origin", f"http://{host}") != f"http://{host}":
        raise ApiError(403, "Forbidden: another website may not use the sandbox")
    came_from = request.headers.get("Sec-Fetch-Site", "none")
    # following a link to the page is harmless: it shows itself to the user alone
    if came_from not in {"none", "same-origin"} and request.path != "/":
        raise ApiError(403, "Forbidden: another website may not use the sandbox")


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Nothing is kept, guessed at, framed or handed to other origins."""
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
