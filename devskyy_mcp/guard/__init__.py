"""What stands between DevSkyy and harm: addresses, limits, breakers. Each module stands alone."""
