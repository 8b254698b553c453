<?php
/**
 * Tests of variants: which visitors see what, how many saw it, and how many put the product into the cart or ordered it.
 * Pages are the same for everybody, so that they can be kept by caches: the browser works the variant out from a random id
 * in a cookie, shows it, and tells the site. The same hash here and in DevSkyy's servers says which one it was, so nobody
 * can report another for an id; but salt and hash stand in the page, so that whoever makes ids up can choose ids of one variant.
 * Of the id only that hash is kept: nothing says who it was, or that two tests had the same visitor.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const VARIANT_PLACES       = array( 'name', 'short_description', 'picture', 'model' );
const UNIT_COOKIE          = 'devskyy_unit';
const BUCKETS              = 10000;
const EXPOSURES_PER_MINUTE = 600; // Of one test; the filter devskyy_exposures_per_minute changes it.

add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\\variants_on_page', PHP_INT_MAX ); // After the script of WP Consent API.

/**
 * Create the tables. A unit is a visitor of one test, known by its hash alone; a purchase is an order, known by a hash with
 * the site's own secret, so that what is refunded later can be taken off again.
 */
function create_test_tables() {
	global $wpdb;
	$charset = $wpdb->get_charset_collate();
	dbDelta(
		"CREATE TABLE {$wpdb->prefix}devskyy_tests (
		id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		name varchar(40) NOT NULL,
		salt varchar(80) NOT NULL DEFAULT '',
		place varchar(20) NOT NULL,
		products text NOT NULL,
		live tinyint(1) NOT NULL DEFAULT 1,
		layer varchar(40) NOT NULL DEFAULT '',
		slice_from smallint(5) unsigned NOT NULL DEFAULT 0,
		slice_to smallint(5) unsigned NOT NULL DEFAULT 10000,
		in_minute bigint(20) unsigned NOT NULL DEFAULT 0,
		minute_shown bigint(20) unsigned NOT NULL DEFAULT 0,
		PRIMARY KEY  (id),
		UNIQUE KEY name (name)
		) $charset"
	);
	dbDelta(
		"CREATE TABLE {$wpdb->prefix}devskyy_variants (
		id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		test bigint(20) unsigned NOT NULL,
		name varchar(40) NOT NULL,
		weight smallint(5) unsigned NOT NULL,
		content text NOT NULL,
		PRIMARY KEY  (id),
		UNIQUE KEY test_name (test,name)
		) $charset"
	);
	dbDelta(
		"CREATE TABLE {$wpdb->prefix}devskyy_units (
		test bigint(20) unsigned NOT NULL,
		unit char(32) NOT NULL,
		variant varchar(40) NOT NULL,
		add_to_cart tinyint(1) NOT NULL DEFAULT 0,
		PRIMARY KEY  (test,unit)
		) $charset"
	);
	dbDelta(
		"CREATE TABLE {$wpdb->prefix}devskyy_purchases (
		test bigint(20) unsigned NOT NULL,
		purchase char(32) NOT NULL,
		unit char(32) NOT NULL,
		stands tinyint(1) NOT NULL DEFAULT 1,
		refunded tinyint(1) NOT NULL DEFAULT 0,
		value decimal(20,4) NOT NULL DEFAULT 0,
		PRIMARY KEY  (test,purchase),
		KEY test_unit (test,unit)
		) $charset"
	);
}

/**
 * Tests with their variants, as rows of the database.
 *
 * @param string $where Condition of our own words, with placeholders.
 * @param array  $given Their values.
 * @return array<int,array<string,mixed>>
 */
function tests_where( $where, $given = array() ) {
	global $wpdb;
	// phpcs:disable WordPress.DB.PreparedSQL, WordPress.DB.DirectDatabaseQuery -- $where holds our own words and placeholders.
	$query = "SELECT * FROM {$wpdb->prefix}devskyy_tests WHERE $where ORDER BY id";
	$found = array();
	foreach ( $wpdb->get_results( $given ? $wpdb->prepare( $query, $given ) : $query ) as $test ) {
		$found[ (int) $test->id ] = array(
			'key'         => $test->name,
			'salt'        => $test->salt,
			'place'       => $test->place,
			'product_ids' => array_map( 'intval', (array) json_decode( $test->products, true ) ),
			'live'        => (bool) $test->live,
			'layer'       => $test->layer,
			'slice'       => array( (int) $test->slice_from, (int) $test->slice_to ),
			'variants'    => array(),
		);
	}
	if ( $found ) {
		$ids = implode( ',', array_keys( $found ) );
		foreach ( $wpdb->get_results( "SELECT * FROM {$wpdb->prefix}devskyy_variants WHERE test IN ($ids) ORDER BY id" ) as $row ) {
			$found[ (int) $row->test ]['variants'][] = array(
				'key'     => $row->name,
				'weight'  => (int) $row->weight,
				'content' => $row->content,
			);
		}
	}
	// phpcs:enable
	return $found;
}

/**
 * The hash that says which variant a unit gets, and by which a unit is kept.
 *
 * @param array<string,mixed> $test From tests_where.
 * @param string              $unit What stands in the cookie.
 */
function unit_hash( $test, $unit ) {
	return hash( 'sha256', $test['salt'] . ':' . $unit );
}

/**
 * The key of the variant that a hash leads to: its first 32 bits as a share of 2^32, over the weights in their order.
 *
 * @param array<int,array<string,mixed>> $variants With key and weight.
 * @param string                         $hash     From unit_hash.
 */
function variant_of( $variants, $hash ) {
	$at = (int) floor( hexdec( substr( $hash, 0, 8 ) ) * array_sum( array_column( $variants, 'weight' ) ) / 4294967296 );
	foreach ( $variants as $variant ) {
		$at -= $variant['weight'];
		if ( $at < 0 ) {
			return $variant['key'];
		}
	}
	return '';
}

/**
 * Whether a unit takes part in a test: its layer's own hash says so, the same for all tests of the layer.
 *
 * @param array<string,mixed> $test From tests_where.
 * @param string              $unit What stands in the cookie.
 */
function takes_part( $test, $unit ) {
	if ( '' === $test['layer'] ) {
		return true;
	}
	$bucket = (int) floor( hexdec( substr( hash( 'sha256', "layer:{$test['layer']}:$unit" ), 0, 8 ) ) * BUCKETS / 4294967296 );
	return $test['slice'][0] <= $bucket && $bucket < $test['slice'][1];
}

/**
 * A refusal where another test that runs has one of the products, and may meet the same visitors.
 *
 * @param string              $key  Of the test that is to run.
 * @param array<string,mixed> $test With product_ids, layer, slice.
 * @return \WP_Error|null
 */
function collision( $key, $test ) {
	foreach ( tests_where( 'live = 1 AND name <> %s', array( $key ) ) as $other ) {
		$apart = '' !== $test['layer'] && $test['layer'] === $other['layer']
			&& ( $test['slice'][1] <= $other['slice'][0] || $other['slice'][1] <= $test['slice'][0] );
		$both  = array_intersect( $test['product_ids'], $other['product_ids'] );
		if ( $both && ! $apart ) {
			$message = sprintf( 'The test %s runs on product %d, for the same visitors.', $other['key'], current( $both ) );
			return new \WP_Error( 'devskyy_test_collides', $message, array( 'status' => 409 ) );
		}
	}
	return null;
}

/**
 * What the browser needs to work out the variants: the tests of this page, the same for everybody.
 */
function variants_on_page() {
	$id    = is_singular() ? get_queried_object_id() : 0;
	$tests = array();
	foreach ( $id ? tests_where( 'live = 1' ) : array() as $test ) {
		if ( in_array( $id, $test['product_ids'], true ) ) {
			unset( $test['product_ids'], $test['live'] );
			$tests[] = $test;
		}
	}
	if ( ! $tests ) {
		return;
	}
	// In the head, so that nothing is painted before it is known what to show.
	$needs = wp_script_is( 'wp-consent-api', 'registered' ) ? array( 'wp-consent-api' ) : array();
	wp_enqueue_script( 'devskyy-variants', plugins_url( 'assets/variants.js', __DIR__ ), $needs, VERSION, false );
	add_action(
		'wp_head',
		static function () use ( $tests ) {
			$told = array(
				'tests'   => $tests,
				'beacon'  => rest_url( REST . '/exposures' ),
				'cookie'  => UNIT_COOKIE,
				'path'    => COOKIEPATH ? COOKIEPATH : '/',
				'consent' => consent_rule(),
			);
			printf( '<script type="application/json" id="devskyy-variants-data">%s</script>' . "\n", wp_json_encode( $told, JSON_HEX_TAG | JSON_HEX_AMP ) ); // phpcs:ignore WordPress.Security.EscapeOutput -- JSON without angle brackets.
		},
		5
	);
}
