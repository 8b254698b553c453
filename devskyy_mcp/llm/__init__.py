"""Language models of six providers behind one port; nothing of a provider is imported before its first call."""
