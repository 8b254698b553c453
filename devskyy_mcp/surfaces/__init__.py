"""Adapters: each gives the registry one more form. They translate; they decide nothing."""
