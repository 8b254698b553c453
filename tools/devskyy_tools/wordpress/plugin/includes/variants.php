<?php
/**
 * Tests of variants: which visitors see what, and how many saw it. Pages are the same for everybody, so that they can be
 * kept by caches: the browser draws the variant, keeps its name in a cookie, and tells the site once that it was shown.
 * Nothing that is kept says who it was.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const VARIANT_PLACES       = array( 'name', 'short_description', 'model' );
const EXPOSURES_PER_MINUTE = 600; // Of one variant; the filter devskyy_exposures_per_minute changes it.

add_action( 'rest_api_init', __NAMESPACE__ . '\\register_tests' );
add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\\variants_on_page' );

/**
 * Create the two tables.
 */
function create_test_tables() {
	global $wpdb;
	$charset = $wpdb->get_charset_collate();
	dbDelta(
		"CREATE TABLE {$wpdb->prefix}devskyy_tests (
		id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
		name varchar(40) NOT NULL,
		place varchar(20) NOT NULL,
		products text NOT NULL,
		live tinyint(1) NOT NULL DEFAULT 1,
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
		shown bigint(20) unsigned NOT NULL DEFAULT 0,
		in_minute bigint(20) unsigned NOT NULL DEFAULT 0,
		minute_shown bigint(20) unsigned NOT NULL DEFAULT 0,
		PRIMARY KEY  (id),
		UNIQUE KEY test_name (test,name)
		) $charset"
	);
}

/**
 * The routes: tests for whoever may edit others' pages, exposures for every visitor.
 */
function register_tests() {
	$key   = array(
		'type'     => 'string',
		'pattern'  => '^[a-z0-9][a-z0-9_-]{0,39}$',
		'required' => true,
	);
	$route = static function ( $method, $callback, $args = array() ) {
		return array(
			'methods'             => $method,
			'callback'            => __NAMESPACE__ . "\\$callback",
			'args'                => $args,
			'permission_callback' => static function () {
				return allowed( 'edit_others_pages' );
			},
		);
	};
	$new   = array(
		'key'         => $key,
		'place'       => array(
			'type'     => 'string',
			'enum'     => VARIANT_PLACES,
			'required' => true,
		),
		'product_ids' => array(
			'type'     => 'array',
			'minItems' => 1,
			'maxItems' => 500,
			'items'    => array(
				'type'    => 'integer',
				'minimum' => 1,
			),
			'required' => true,
		),
		'variants'    => array(
			'type'     => 'array',
			'minItems' => 2,
			'maxItems' => 10,
			'required' => true,
			'items'    => array(
				'type'                 => 'object',
				'additionalProperties' => false,
				'properties'           => array(
					'key'     => $key,
					'weight'  => array(
						'type'    => 'integer',
						'minimum' => 0,
						'maximum' => 1000,
					),
					'content' => array(
						'type'        => 'string',
						'maxLength'   => 2000,
						'description' => 'What stands there, plain text; empty leaves it as it is; for model: off.',
					),
				),
			),
		),
	);
	$live  = array(
		'live' => array(
			'type'     => 'boolean',
			'required' => true,
		),
	);
	register_rest_route( REST, '/tests', array( $route( 'GET', 'tests_get' ), $route( 'POST', 'test_create', $new ) ) );
	register_rest_route(
		REST,
		'/tests/(?P<key>[a-z0-9_-]+)',
		array( $route( 'GET', 'test_get' ), $route( \WP_REST_Server::EDITABLE, 'test_update', $live ), $route( 'DELETE', 'test_delete' ) )
	);
	register_rest_route(
		REST,
		'/exposures',
		array(
			'methods'             => 'POST',
			'callback'            => __NAMESPACE__ . '\\expose',
			'permission_callback' => '__return_true', // A page from a cache holds no valid nonce; nothing but a number grows.
			'args'                => array(
				'test'    => $key,
				'variant' => $key,
			),
		)
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
			'place'       => $test->place,
			'product_ids' => array_map( 'intval', (array) json_decode( $test->products, true ) ),
			'live'        => (bool) $test->live,
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
				'shown'   => (int) $row->shown,
			);
		}
	}
	// phpcs:enable
	return $found;
}

/**
 * All tests, with how often each variant was shown.
 */
function tests_get() {
	return rest_ensure_response( array_values( tests_where( '1 = 1' ) ) );
}

/**
 * One test.
 *
 * @param \WP_REST_Request $request key.
 */
function test_get( $request ) {
	$found = tests_where( 'name = %s', array( $request['key'] ) );
	if ( ! $found ) {
		return new \WP_Error( 'devskyy_test_invalid_key', 'There is no such test.', array( 'status' => 404 ) );
	}
	return rest_ensure_response( current( $found ) );
}

/**
 * A new one.
 *
 * @param \WP_REST_Request $request key, place, product_ids, variants.
 */
function test_create( $request ) {
	global $wpdb;
	$variants = $request['variants'];
	$keys     = array_map(
		static function ( $variant ) {
			return $variant['key'] ?? '';
		},
		$variants
	);
	$weights  = array_sum( array_column( $variants, 'weight' ) );
	if ( in_array( '', $keys, true ) || count( array_unique( $keys ) ) !== count( $keys ) || $weights < 1 ) {
		$message = 'Each variant has a key of its own, and at least one a weight above 0.';
		return new \WP_Error( 'devskyy_test_invalid_variants', $message, array( 'status' => 400 ) );
	}
	$row = array(
		'name'     => $request['key'],
		'place'    => $request['place'],
		'products' => wp_json_encode( array_values( array_unique( $request['product_ids'] ) ) ),
		'live'     => 0, // Until its variants are there.
	);
	$wpdb->suppress_errors(); // Where somebody else was faster the database refuses it, which is no error of the site's.
	if ( ! $wpdb->insert( "{$wpdb->prefix}devskyy_tests", $row ) ) {
		return new \WP_Error( 'devskyy_test_exists', 'There is a test of that key.', array( 'status' => 409 ) );
	}
	$id = (int) $wpdb->insert_id;
	foreach ( $variants as $variant ) {
		$wpdb->insert(
			"{$wpdb->prefix}devskyy_variants",
			array(
				'test'    => $id,
				'name'    => $variant['key'],
				'weight'  => (int) ( $variant['weight'] ?? 0 ),
				'content' => sanitize_text_field( $variant['content'] ?? '' ),
			)
		);
	}
	$wpdb->update( "{$wpdb->prefix}devskyy_tests", array( 'live' => 1 ), array( 'id' => $id ) );
	array_map( 'clean_post_cache', $request['product_ids'] ); // Caching plugins drop the pages then.
	$answer = test_get( $request );
	$answer->set_status( 201 );
	return $answer;
}

/**
 * Let it run, or end it and keep its numbers.
 *
 * @param \WP_REST_Request $request key, live.
 */
function test_update( $request ) {
	global $wpdb;
	$found = test_get( $request );
	if ( ! is_wp_error( $found ) ) {
		$wpdb->update( "{$wpdb->prefix}devskyy_tests", array( 'live' => (int) $request['live'] ), array( 'name' => $request['key'] ) );
		array_map( 'clean_post_cache', $found->get_data()['product_ids'] );
	}
	return is_wp_error( $found ) ? $found : test_get( $request );
}

/**
 * Delete it with its numbers.
 *
 * @param \WP_REST_Request $request key.
 */
function test_delete( $request ) {
	global $wpdb;
	$found = tests_where( 'name = %s', array( $request['key'] ) );
	if ( ! $found ) {
		return test_get( $request );
	}
	$wpdb->delete( "{$wpdb->prefix}devskyy_tests", array( 'id' => key( $found ) ) );
	$wpdb->delete( "{$wpdb->prefix}devskyy_variants", array( 'test' => key( $found ) ) );
	array_map( 'clean_post_cache', current( $found )['product_ids'] );
	return rest_ensure_response(
		array(
			'deleted'  => true,
			'previous' => current( $found ),
		)
	);
}

/**
 * Count that a variant was shown to one more visitor: one statement, so that none is lost and none counts twice.
 *
 * @param \WP_REST_Request $request test, variant.
 */
function expose( $request ) {
	global $wpdb;
	if ( 'cross-site' === $request->get_header( 'sec_fetch_site' ) ) {
		return new \WP_Error( 'rest_forbidden', 'Only pages of this site tell what they show.', array( 'status' => 403 ) );
	}
	$minute = (int) floor( time() / MINUTE_IN_SECONDS );
	$most   = (int) apply_filters( 'devskyy_exposures_per_minute', EXPOSURES_PER_MINUTE );
	// phpcs:disable WordPress.DB.DirectDatabaseQuery
	$test    = (int) $wpdb->get_var( $wpdb->prepare( "SELECT id FROM {$wpdb->prefix}devskyy_tests WHERE name = %s AND live = 1", $request['test'] ) );
	$counted = $wpdb->query(
		$wpdb->prepare(
			"UPDATE {$wpdb->prefix}devskyy_variants SET shown = shown + 1,
			in_minute = CASE WHEN minute_shown = %d THEN in_minute + 1 ELSE 1 END, minute_shown = %d
			WHERE test = %d AND name = %s AND (minute_shown <> %d OR in_minute < %d)",
			$minute,
			$minute,
			$test,
			$request['variant'],
			$minute,
			$most
		)
	);
	$known   = $counted || $wpdb->get_var( $wpdb->prepare( "SELECT 1 FROM {$wpdb->prefix}devskyy_variants WHERE test = %d AND name = %s", $test, $request['variant'] ) );
	// phpcs:enable
	if ( ! $known ) {
		return new \WP_Error( 'devskyy_test_invalid_key', 'No such variant is shown.', array( 'status' => 404 ) );
	}
	if ( ! $counted ) {
		$answer = new \WP_REST_Response( array( 'code' => 'devskyy_too_many', 'message' => 'Too many at once.' ), 429 );
		$answer->header( 'Retry-After', '60' );
		return $answer;
	}
	return new \WP_REST_Response( null, 204 );
}

/**
 * What the browser needs to draw: the tests of this page, the same for everybody.
 */
function variants_on_page() {
	$id    = is_singular() ? get_queried_object_id() : 0;
	$tests = array();
	foreach ( $id ? tests_where( 'live = 1' ) : array() as $test ) {
		if ( in_array( $id, $test['product_ids'], true ) ) {
			foreach ( $test['variants'] as $number => $variant ) {
				unset( $test['variants'][ $number ]['shown'] );
			}
			unset( $test['product_ids'], $test['live'] );
			$tests[] = $test;
		}
	}
	if ( ! $tests ) {
		return;
	}
	wp_enqueue_script( 'devskyy-variants', plugins_url( 'assets/variants.js', __DIR__ ), array(), VERSION, true );
	add_action(
		'wp_footer',
		static function () use ( $tests ) {
			$told = array(
				'tests'  => $tests,
				'beacon' => rest_url( REST . '/exposures' ),
				'path'   => COOKIEPATH ? COOKIEPATH : '/',
			);
			printf( '<script type="application/json" id="devskyy-variants-data">%s</script>' . "\n", wp_json_encode( $told, JSON_HEX_TAG | JSON_HEX_AMP ) ); // phpcs:ignore WordPress.Security.EscapeOutput -- JSON without angle brackets.
		},
		5
	);
}
