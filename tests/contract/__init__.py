"""One suite of cases for any shop: the sandbox always, a real WordPress and WooCommerce where they can be had."""
