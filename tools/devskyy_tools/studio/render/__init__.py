"""Pictures of 3D models: drawn by OpenGL where the machine has EGL, by numpy alone where it has not."""
