"""For the test of all surfaces: a shop with a past, input made from schemas, and each surface as one function."""
