"""3D models in glTF 2.0: built, read, written, checked, made small."""
