"""Serve the demo shop on loopback: `python -m devskyy_tools.sandbox --port 8090`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from devskyy_tools.sandbox import DEMO_APP_PASSWORD, DEMO_KEY, DEMO_SECRET, DEMO_USER, create_sandbox


def main() -> None:
    """Read the arguments, print address and credentials, and serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m devskyy_tools.sandbox", description="Serve the demo shop on loopback."
    )
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--data", type=Path, help="SQLite file that keeps the shop; default: memory")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to every answer")
    parser.add_argument("--environment", choices=("local", "production"), default="local")
    given = parser.parse_args()

    import uvicorn

    url = f"http://127.0.0.1:{given.port}"
    app = create_sandbox(given.data, latency=given.latency, environment=given.environment, url=url, served=True)
    lines = (
        f"WORDPRESS_URL={url}",
        f"WORDPRESS_USERNAME={DEMO_USER}",
        f"WORDPRESS_APP_PASSWORD={DEMO_APP_PASSWORD}",
        f"WORDPRESS_ENVIRONMENT={given.environment}",
        f"WOOCOMMERCE_KEY={DEMO_KEY}",
        f"WOOCOMMERCE_SECRET={DEMO_SECRET}",
    )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
