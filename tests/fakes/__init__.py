"""Stand-ins for what is outside: networks that fail, and the like."""
