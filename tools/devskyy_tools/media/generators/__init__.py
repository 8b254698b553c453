"""Clients of those who make pictures and films for money: FASHN, OpenAI, Google."""
