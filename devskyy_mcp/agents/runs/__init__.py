"""Agents run on the server: a durable job whose every step is an event, from which it goes on after a crash."""
