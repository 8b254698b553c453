<?php
// Second process: rewrite rules, users with application passwords and, when it is there, WooCommerce. Prints JSON.
$bed = json_decode( getenv( 'BED' ), true );
$_SERVER['HTTP_HOST'] = parse_url( $bed['url'], PHP_URL_HOST ) . ':' . parse_url( $bed['url'], PHP_URL_PORT );
require $bed['folder'] . '/wp-load.php';
$out = array();

if ( $bed['woocommerce'] ) {
	WC_Install::install();
	// Orders in their own tables, as every new shop has them; the hook that does it in wp-admin is fatal here.
	wc_get_container()->get( Automattic\WooCommerce\Internal\DataStores\Orders\DataSynchronizer::class )->create_database_tables();
	foreach ( array(
		'woocommerce_custom_orders_table_enabled' => 'yes',
		'woocommerce_custom_orders_table_data_sync_enabled' => 'no',
		'woocommerce_coming_soon' => 'no',
		'woocommerce_default_country' => 'DE',
		'woocommerce_currency' => 'EUR',
		'woocommerce_manage_stock' => 'yes',
		'woocommerce_calc_taxes' => 'no',
	) as $name => $value ) {
		update_option( $name, $value );
	}
	global $wpdb;
	foreach ( array( 'read_write' => '', 'read' => 'read_' ) as $permissions => $prefix ) {
		$key = 'ck_' . wc_rand_hash();
		$secret = 'cs_' . wc_rand_hash();
		$wpdb->insert(
			$wpdb->prefix . 'woocommerce_api_keys',
			array(
				'user_id' => 1,
				'description' => 'bed',
				'permissions' => $permissions,
				'consumer_key' => wc_api_hash( $key ),
				'consumer_secret' => $secret,
				'truncated_key' => substr( $key, -7 ),
			)
		);
		$out[ $prefix . 'consumer_key' ] = $key;
		$out[ $prefix . 'consumer_secret' ] = $secret;
	}
}

foreach ( array( 'administrator', 'shop_manager', 'editor', 'author', 'subscriber' ) as $role ) {
	if ( ! get_role( $role ) ) {
		continue;
	}
	$login = 'administrator' === $role ? 'admin' : $role;
	$id = 'admin' === $login ? 1 : wp_insert_user(
		array( 'user_login' => $login, 'user_email' => "$login@example.com", 'user_pass' => 'bed-login-password', 'role' => $role )
	);
	$made = WP_Application_Passwords::create_new_application_password( $id, array( 'name' => 'bed' ) );
	$out['users'][ $role ] = array( 'user' => $login, 'app_password' => WP_Application_Passwords::chunk_password( $made[0] ) );
}
if ( $bed['companion'] ) {
	require_once ABSPATH . 'wp-admin/includes/plugin.php';
	$failed = activate_plugin( 'devskyy/devskyy.php' );
	if ( is_wp_error( $failed ) ) {
		fwrite( STDERR, $failed->get_error_message() );
		exit( 1 );
	}
}
flush_rewrite_rules();
$out['wordpress'] = get_bloginfo( 'version' );
$out['woocommerce'] = $bed['woocommerce'] ? WC()->version : null;
echo "\n", wp_json_encode( $out ), "\n";
