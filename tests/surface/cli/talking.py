"""A command in a process of its own at a real pseudo-terminal, and somebody who answers its questions."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from collections.abc import Sequence
from fcntl import ioctl

COMMAND = """
import sys, devskyy_mcp.app
from devskyy_mcp.cli import main
from tests.fakes.notes import Notes
from tests.fakes.packs import changes_pack, notes_pack
devskyy_mcp.app.installed_packs = lambda: [notes_pack(Notes("first", "second", *OTHERS)), changes_pack()]
devskyy_mcp.app.own_folder = lambda: None  # the project's agents use the project's packs
sys.exit(main(sys.argv[1:]))
"""


def talk(words: Sequence[str], answers: Sequence[tuple[str, str]], notes: Sequence[str] = ()) -> tuple[int, str]:
    """Exit status and what the terminal showed.

    Args:
        words: the command line behind ``devskyy``.
        answers: what a question begins with, and what is typed once it has been asked, in this order.
        notes: titles of notes beside "first" and "second".
    """
    master, slave = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-c", f"OTHERS = {list(notes)}\n{COMMAND}", *words],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=take_terminal,
    )
    os.close(slave)
    shown, heard, left = b"", 0, list(answers)
    try:
        while chunk := _read(master):
            shown += chunk
            asked = shown.find(left[0][0].encode(), heard) if left else -1
            if asked >= 0 and b": " in shown[asked:]:
                heard = len(shown)
                os.write(master, left.pop(0)[1].encode() + b"\n")
        return process.wait(30), shown.decode().replace("\r\n", "\n")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _read(master: int) -> bytes:
    try:
        return os.read(master, 4096)
    except OSError:  # the other end is closed: the command has ended
        return b""
