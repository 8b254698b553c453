"""Pictures, 3D models and films, made and read on this machine: a library without tools."""
