"""The platform's own tools: finding and calling tools, and looking after changes."""
