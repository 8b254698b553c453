"""MCP, in both eras and on every transport."""
