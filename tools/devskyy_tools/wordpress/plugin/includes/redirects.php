<?php
/**
 * Redirects of paths on this site: where they are kept, and how visitors are sent on. Each leads to another place on it,
 * or to a host that the filter `allowed_redirect_hosts` names; none leads in a circle.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const TABLE_VERSION    = 5;
const FOLLOWED_AT_MOST = 5;
const KEPT_FREE        = '#^/(wp-admin|wp-json|wp-includes|wp-content|(wp-login|wp-cron|xmlrpc|index)\.php)?(/|$)#i';

add_action( 'init', __NAMESPACE__ . '\\create_table_once' );
add_action( 'template_redirect', __NAMESPACE__ . '\\redirect', 1 );

/**
 * The table's name.
 */
function table() {
	global $wpdb;
	return "{$wpdb->prefix}devskyy_redirects";
}

/**
 * Create the plugin's tables. `live` is the MD5 of the source while the redirect is active and null in the bin, so that the
 * database itself keeps active sources apart, however many requests come at the same time.
 */
function create_table() {
	global $wpdb;
	require_once ABSPATH . 'wp-admin/includes/upgrade.php';
	dbDelta(
		'CREATE TABLE ' . table() . " (
		id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		source varchar(2000) NOT NULL,
		target varchar(2000) NOT NULL,
		code smallint(5) unsigned NOT NULL DEFAULT 301,
		live char(32) DEFAULT NULL,
		PRIMARY KEY  (id),
		UNIQUE KEY live (live)
		) {$wpdb->get_charset_collate()}"
	);
	create_test_tables();
	update_option( 'devskyy_table', TABLE_VERSION );
}

/**
 * Create the tables where the plugin came without being activated: as a must-use plugin, or on a new site of a network.
 */
function create_table_once() {
	if ( TABLE_VERSION !== (int) get_option( 'devskyy_table' ) ) {
		create_table();
	}
}

/**
 * The path as redirects know it: decoded, with a slash in front and none behind, without a query.
 *
 * @param string $address A path or an address.
 */
function path_of( $address ) {
	$path = rawurldecode( (string) wp_parse_url( $address, PHP_URL_PATH ) );
	return '/' . trim( $path, '/' );
}

/**
 * The path below the site's own address; null for what is elsewhere.
 *
 * @param string $address A path or an address.
 */
function own_path( $address ) {
	$home = wp_parse_url( home_url( '/' ) );
	$host = wp_parse_url( $address, PHP_URL_HOST );
	if ( $host && strtolower( $host ) !== strtolower( $home['host'] ) ) {
		return null;
	}
	$path = path_of( $address );
	$base = rtrim( path_of( $home['path'] ?? '/' ), '/' );
	if ( '' !== $base && 0 === strpos( "$path/", "$base/" ) ) {
		$path = '/' . ltrim( substr( $path, strlen( $base ) ), '/' );
	}
	return $path;
}

/**
 * The active redirect of a path, or null.
 *
 * @param string $path As path_of() gives it.
 */
function redirect_of( $path ) {
	global $wpdb;
	// phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- the table's name is ours.
	return $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM ' . table() . ' WHERE live = %s', md5( $path ) ) );
}

/**
 * Where a path leads in the end; null when that is a circle, or too far away.
 *
 * @param string $target Where the first redirect leads.
 * @param string $source The first redirect's own path.
 * @param int    $own    Its id where it is about to be changed, since what the table says of it counts no more.
 */
function end_of( $target, $source, $own = 0 ) {
	for ( $step = 0; $step < FOLLOWED_AT_MOST; $step++ ) {
		$path = own_path( $target );
		if ( $path === $source ) {
			return null;
		}
		$next = null === $path ? null : redirect_of( $path );
		if ( null === $next || (int) $next->id === $own ) {
			return $target;
		}
		$target = $next->target;
	}
	return null;
}

/**
 * Send a visitor on, at once to the last of several; the query goes along.
 */
function redirect() {
	$method = $_SERVER['REQUEST_METHOD'] ?? '';
	if ( ! in_array( $method, array( 'GET', 'HEAD' ), true ) || is_preview() || is_customize_preview() ) {
		return;
	}
	// phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- it is only looked up, by its hash.
	$asked  = wp_unslash( $_SERVER['REQUEST_URI'] ?? '' );
	$source = own_path( '/' . ltrim( $asked, '/' ) );
	$found  = redirect_of( $source );
	$target = $found ? end_of( $found->target, $source ) : null;
	if ( null === $target ) {
		return;
	}
	$target = '/' === $target[0] ? home_url( $target ) : $target;
	$query  = wp_parse_url( $asked, PHP_URL_QUERY );
	if ( $query && false === strpos( $target, '?' ) ) {
		$parts  = explode( '#', $target, 2 );
		$target = "$parts[0]?$query" . ( isset( $parts[1] ) ? "#$parts[1]" : '' );
	}
	wp_safe_redirect( $target, (int) $found->code, 'DevSkyy' );
	exit;
}
