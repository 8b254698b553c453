"""The embedded authorization server: OAuth 2.1 for hosts, on authlib's grants. No ASGI here."""
