"""A real WordPress, and WooCommerce when its plugin folder is given, brought up on loopback for tests."""
