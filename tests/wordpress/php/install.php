<?php
// First process: an empty WordPress. Reads the bed's settings as JSON from the environment.
$bed = json_decode( getenv( 'BED' ), true );
$_SERVER['HTTP_HOST'] = parse_url( $bed['url'], PHP_URL_HOST ) . ':' . parse_url( $bed['url'], PHP_URL_PORT );
define( 'WP_INSTALLING', true );
require $bed['folder'] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install( 'Bed', 'admin', 'admin@example.com', true, '', 'bed-login-password' );
update_option( 'siteurl', $bed['url'] );
update_option( 'home', $bed['url'] );
update_option( 'permalink_structure', '/%postname%/' );
if ( $bed['woocommerce'] ) {
	update_option( 'active_plugins', array( 'woocommerce/woocommerce.php' ) );
}
