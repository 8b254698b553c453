"""Hand each connection to a PHP server that is idle.

`php -S` with workers lets a worker take a second connection while it still answers the first: two requests at the same
time then often wait for each other, which no real web server does.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import socketserver
import threading
from collections.abc import Generator, Sequence

PIECE = 1 << 16
Address = tuple[str, int]


@contextlib.contextmanager
def balanced(address: Address, servers: Sequence[Address]) -> Generator[None]:
    """Listen at ``address`` for the servers, each of which answers one request at a time and closes then."""
    idle: queue.SimpleQueue[Address] = queue.SimpleQueue()
    for server in servers:
        idle.put(server)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):
                self._answer()

        def _answer(self) -> None:
            client: socket.socket = self.request
            first = client.recv(PIECE)
            if not first:
                return
            server = idle.get()
            try:
                with socket.create_connection(server) as upstream:
                    upstream.sendall(first)
                    threading.Thread(target=_pump, args=(client, upstream), daemon=True).start()
                    while piece := upstream.recv(PIECE):  # to the end, also when nobody listens: only then it is idle
                        with contextlib.suppress(OSError):
                            client.sendall(piece)
            finally:
                idle.put(server)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 128

    with Server(address, Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield
        finally:
            listening.shutdown()


def _pump(client: socket.socket, upstream: socket.socket) -> None:
    """Pass on the rest of the request."""
    with contextlib.suppress(OSError):
        while piece := client.recv(PIECE):
            upstream.sendall(piece)
