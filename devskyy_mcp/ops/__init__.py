"""Running DevSkyy: health, and the operator's checks."""
