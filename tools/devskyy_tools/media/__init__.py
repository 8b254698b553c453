"""Pictures and films: every size, cut out, put together, generated."""
