<?php
/**
 * Tests of variants over REST: made, read, ended and deleted at devskyy/v1/tests; devskyy/v1/exposures counts.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

add_action( 'rest_api_init', __NAMESPACE__ . '\\register_tests' );

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
		'salt'        => array(
			'type'        => 'string',
			'maxLength'   => 80,
			'description' => 'Of the hash; the key where there is none.',
		),
		'place'       => array(
			'type'     => 'string',
			'enum'     => VARIANT_PLACES,
			'required' => true,
		),
		'layer'       => array(
			'type'        => 'string',
			'maxLength'   => 40,
			'default'     => '',
			'description' => 'Tests of a layer may share products: none of their slices overlap.',
		),
		'slice'       => array(
			'type'        => 'array',
			'minItems'    => 2,
			'maxItems'    => 2,
			'items'       => array(
				'type'    => 'integer',
				'minimum' => 0,
				'maximum' => BUCKETS,
			),
			'default'     => array( 0, BUCKETS ),
			'description' => 'Of the layer, in 10,000ths: its first and the one after its last.',
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
						'maximum' => 10000,
					),
					'content' => array(
						'type'        => 'string',
						'maxLength'   => 2000,
						'description' => 'What stands there, plain text; empty leaves it as it is. picture: an address; model: off.',
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
				'test' => $key,
				'unit' => array(
					'type'     => 'string',
					'pattern'  => '^[a-f0-9]{32}$',
					'required' => true,
				),
			),
		)
	);
}

/**
 * All tests, without their numbers: those of one cost a look at all its visitors.
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
	$found = counted( tests_where( 'name = %s', array( $request['key'] ) ) );
	if ( ! $found ) {
		return new \WP_Error( 'devskyy_test_invalid_key', 'There is no such test.', array( 'status' => 404 ) );
	}
	return rest_ensure_response( current( $found ) );
}

/**
 * A new one.
 *
 * @param \WP_REST_Request $request key, place, product_ids, variants, layer, slice.
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
	if ( $request['slice'][0] >= $request['slice'][1] || ( '' === $request['layer'] && array( 0, BUCKETS ) !== $request['slice'] ) ) {
		return new \WP_Error( 'devskyy_test_invalid_slice', 'A slice is of a layer, and not empty.', array( 'status' => 400 ) );
	}
	foreach ( 'picture' === $request['place'] ? $variants : array() as $at => $variant ) {
		$content = esc_url_raw( $variant['content'] ?? '', array( 'http', 'https' ) );
		if ( '' === $content && '' !== ( $variant['content'] ?? '' ) ) {
			return new \WP_Error( 'devskyy_test_invalid_picture', 'A picture is an address of http or https.', array( 'status' => 400 ) );
		}
		$variants[ $at ]['content'] = $content;
	}
	$refusal = collision( $request['key'], $request );
	if ( $refusal && ! tests_where( 'name = %s', array( $request['key'] ) ) ) {
		return $refusal;
	}
	$row = array(
		'name'     => $request['key'],
		'salt'     => (string) ( $request['salt'] ?? '' ) === '' ? $request['key'] : sanitize_text_field( $request['salt'] ),
		'place'    => $request['place'],
		'products' => wp_json_encode( array_values( array_unique( $request['product_ids'] ) ) ),
		'layer'    => $request['layer'],
		'live'     => 0, // Until its variants are there.
	);
	list( $row['slice_from'], $row['slice_to'] ) = $request['slice'];

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
				'content' => 'picture' === $request['place'] ? $variant['content'] : sanitize_text_field( $variant['content'] ?? '' ),
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
 * End it and keep its numbers: what has ended does not go on.
 *
 * @param \WP_REST_Request $request key, live.
 */
function test_update( $request ) {
	global $wpdb;
	$found = test_get( $request );
	if ( ! is_wp_error( $found ) ) {
		if ( $request['live'] && ! $found->get_data()['live'] ) {
			return new \WP_Error( 'devskyy_test_ended', 'A test that has ended does not go on.', array( 'status' => 409 ) );
		}
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
	$found = counted( tests_where( 'name = %s', array( $request['key'] ) ) );
	if ( ! $found ) {
		return test_get( $request );
	}
	$wpdb->delete( "{$wpdb->prefix}devskyy_tests", array( 'id' => key( $found ) ) );
	$wpdb->delete( "{$wpdb->prefix}devskyy_variants", array( 'test' => key( $found ) ) );
	$wpdb->delete( "{$wpdb->prefix}devskyy_units", array( 'test' => key( $found ) ) );
	$wpdb->delete( "{$wpdb->prefix}devskyy_purchases", array( 'test' => key( $found ) ) );
	array_map( 'clean_post_cache', current( $found )['product_ids'] );
	return rest_ensure_response(
		array(
			'deleted'  => true,
			'previous' => current( $found ),
		)
	);
}
