"""The demo shop as a server of its own: ``python -m tests.durability.shop_server FILE PORT``."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from devskyy_tools.sandbox import create_sandbox

if __name__ == "__main__":
    file, port = Path(sys.argv[1]), int(sys.argv[2])
    shop = create_sandbox(file, url=f"http://127.0.0.1:{port}", served=True)
    uvicorn.run(shop, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
