"""The Model Context Protocol: both eras, over stdio and streamable HTTP, from one registry."""
