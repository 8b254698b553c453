"""``python -m devskyy_mcp`` is ``devskyy``."""

from __future__ import annotations

import sys

if __name__ == "__main__":  # worker processes load this file too, by its path and under another name
    from .cli import main

    sys.exit(main())
