"""3D models: made from photos or by a provider, checked, drawn, and put on products."""
