"""Sign-in: who people and programs are, and what they may do. No ASGI here: the pages and endpoints are surfaces."""
