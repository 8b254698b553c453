<?php
/**
 * Takes away what the plugin kept: redirects, SEO fields, models of products, tests of variants. Uploaded files stay, as does what Yoast or Rank Math keep.
 *
 * @package DevSkyy
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

/**
 * On one site.
 */
function devskyy_clean_site() {
	global $wpdb;
	foreach ( array( 'redirects', 'tests', 'variants', 'units', 'purchases' ) as $table ) {
		// phpcs:ignore WordPress.DB -- the table's name is ours, and it goes.
		$wpdb->query( "DROP TABLE IF EXISTS {$wpdb->prefix}devskyy_$table" );
	}
	delete_option( 'devskyy_table' );
	delete_option( 'devskyy_model_place' );
	delete_option( 'devskyy_consent_cookie' );
	foreach ( array( 'glb', 'usdz', 'poster', 'alt', 'kind', 'sha256', 'width', 'height', 'depth', 'ar' ) as $field ) {
		delete_metadata( 'post', 0, "_devskyy_model_$field", '', true );
	}
	foreach ( array( 'title', 'description', 'canonical', 'noindex' ) as $field ) {
		delete_metadata( 'post', 0, "_devskyy_seo_$field", '', true );
		delete_metadata( 'term', 0, "_devskyy_seo_$field", '', true );
	}
}

$devskyy_sites = is_multisite() ? get_sites( array( 'fields' => 'ids', 'number' => 0 ) ) : array( 0 );
foreach ( $devskyy_sites as $devskyy_site ) {
	if ( $devskyy_site ) {
		switch_to_blog( $devskyy_site );
	}
	devskyy_clean_site();
	if ( $devskyy_site ) {
		restore_current_blog();
	}
}
