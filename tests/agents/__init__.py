"""Every agent at work on the demo shop."""
