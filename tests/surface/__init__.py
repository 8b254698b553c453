"""Each surface, from outside."""
