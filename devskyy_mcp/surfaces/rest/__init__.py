"""REST: the registry as resources under /api/v1, with problem documents for what is refused."""
