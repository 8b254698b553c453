"""Providers that make models, pictures and films for money: one port, one road for their tasks, one client each."""
