"""One suite of cases for any shop: the sandbox always, a real WordPress and WooCommerce where they can be had.

`wordpress` needs Debian's PHP (skipped without it, unless DEVSKYY_REQUIRE_DEBIAN=1), `woocommerce` the released
plugin's folder in WOOCOMMERCE_PLUGIN (and a WordPress that it accepts in WORDPRESS_FOLDER). CONTRACT_SHOP names a
file as `python -m tests.wordpress.bed` prints it, for a shop that is already up. What a case makes it deletes; where
a shop differs from the real ones, that shop is wrong.
"""
