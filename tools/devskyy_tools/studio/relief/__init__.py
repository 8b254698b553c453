"""A relief from one photo of a product, or from two: what it is and is not, docs/three-d.md."""
