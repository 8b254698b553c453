"""``devskyy serve``: bind first, say where everything is, then serve through uvicorn."""

from __future__ import annotations

import errno
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from devskyy_mcp.config import Settings
from devskyy_mcp.errors import Code, Refused
from devskyy_mcp.guard.logs import set_up

from .hosts import welcome
from .terminal import complain, say

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

GRACE = 10  # seconds that running calls have to end after SIGTERM
LARGEST_MESSAGE = 1024 * 1024  # bytes of one WebSocket message
LARGEST_HEAD = 32 * 1024  # bytes of a request's address and headers
THREADS_GIVE_WAY = 0.001  # seconds: five times sooner than usual, since the event loop waits for them
TAKEN_AT_ONCE = 16  # new connections, before others have their turn
BUFFERED = 256 * 1024  # bytes that the system keeps of a connection each way; it would grow them to megabytes
WAITING = 2048  # new connections that the system keeps
MOST_CONNECTIONS = 2000  # beyond them requests are answered 503


def serve(settings: Settings, env_file: str = ".env") -> int:
    """Serve until SIGINT or SIGTERM.

    Returns:
        0, or the exit status of what kept it from starting.
    """
    from devskyy_mcp.app import build

    from .http import create_http

    set_up(settings)
    sys.setswitchinterval(THREADS_GIVE_WAY)
    _allow_files()
    try:
        listener = _listen(settings)
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        site = create_http(build(settings))
    except Refused as refused:
        return complain(refused)
    nobody = settings.sign_in == "embedded" and anyio.run(_nobody, settings)
    say(welcome(settings, env_file if Path(env_file).is_file() else None, nobody=nobody))
    sys.stdout.flush()
    with listener:
        server = _server(config_of(settings, site), listener)
        server.run(sockets=[listener])
    return 0 if server.started else 1


def _server(config: uvicorn.Config, listener: socket.socket) -> uvicorn.Server:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            listener.listen(WAITING)  # more wait in the system than asyncio, which knows one number, takes at a time

    return Server(config)


def _allow_files() -> None:
    """Let this process open as many files as its user may: each connection is one, and 1,024 is what shells give."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS says that there is none and refuses to have none
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def config_of(settings: Settings, site: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves the app."""
    import uvicorn

    from .together import Protocol

    return uvicorn.Config(
        site,
        http=Protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        # uvicorn would believe 127.0.0.1, and so every program on this machine, by itself.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        lifespan="on",
        timeout_graceful_shutdown=GRACE,
        ws_max_size=LARGEST_MESSAGE,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        limit_concurrency=MOST_CONNECTIONS,
        backlog=TAKEN_AT_ONCE,
    )


async def _nobody(settings: Settings) -> bool:
    """Whether no one can sign in yet; False where the database can't tell, which the log and /health say."""
    from devskyy_mcp.app import database_of
    from devskyy_mcp.auth.accounts import anybody

    database = database_of(settings)
    try:
        return not await anybody(database)
    except Refused:
        return False
    finally:
        await database.close()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise Refused(
                Code.NOT_CONFIGURED,
                f"{where} is in use already, perhaps by another DevSkyy.",
                f"Stop that one, or choose another port: DEVSKYY_PORT={settings.port + 1} make run.",
            ) from None
        raise Refused(
            Code.NOT_CONFIGURED, f"{where} can't be listened on.", "Set DEVSKYY_HOST and DEVSKYY_PORT to your own."
        ) from None
    for way in (socket.SO_SNDBUF, socket.SO_RCVBUF):  # connections take them over
        listener.setsockopt(socket.SOL_SOCKET, way, BUFFERED)
    return listener
