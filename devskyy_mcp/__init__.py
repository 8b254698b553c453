"""DevSkyy: run a WordPress + WooCommerce fashion brand from any AI host."""

__version__ = "0.1.0"
