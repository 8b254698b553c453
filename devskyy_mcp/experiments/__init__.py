"""A/B tests: registered before they start, assigned by hash, read by a group-sequential test."""
