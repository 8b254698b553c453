"""Jobs that pay a provider, under kills, faults and stops."""
