"""DevSkyy as real processes, killed at every arrow of the road, before the demo shop as a real server."""
