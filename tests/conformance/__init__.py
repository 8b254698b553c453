"""The official MCP conformance suite and the Inspector, run against our server."""
