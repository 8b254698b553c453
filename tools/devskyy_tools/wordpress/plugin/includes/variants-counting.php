<?php
/**
 * Counting of tests of variants: who was shown one, put its product into the cart, ordered it. Once each.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

add_action( 'woocommerce_add_to_cart', __NAMESPACE__ . '\\put_into_cart', 10, 2 );
add_action( 'woocommerce_checkout_order_processed', __NAMESPACE__ . '\\ordered' );
add_action( 'woocommerce_store_api_checkout_order_processed', __NAMESPACE__ . '\\ordered' );

/**
 * Count that a visitor was shown their variant, once: the key of the table keeps a second time out.
 *
 * @param \WP_REST_Request $request test, unit.
 */
function expose( $request ) {
	global $wpdb;
	if ( 'cross-site' === $request->get_header( 'sec_fetch_site' ) ) {
		return new \WP_Error( 'rest_forbidden', 'Only pages of this site tell what they show.', array( 'status' => 403 ) );
	}
	$found = tests_where( 'name = %s AND live = 1', array( $request['test'] ) );
	if ( ! $found ) {
		return new \WP_Error( 'devskyy_test_invalid_key', 'No such test is shown.', array( 'status' => 404 ) );
	}
	$hash    = unit_hash( current( $found ), $request['unit'] );
	$variant = variant_of( current( $found )['variants'], $hash );
	if ( ! room_in_minute( key( $found ), $variant ) ) {
		$answer = new \WP_REST_Response(
			array(
				'code'    => 'devskyy_too_many',
				'message' => 'Too many at once.',
			),
			429
		);
		$answer->header( 'Retry-After', '60' );
		return $answer;
	}
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery
	$wpdb->query( $wpdb->prepare( "INSERT IGNORE INTO {$wpdb->prefix}devskyy_units (test, unit, variant) VALUES (%d, %s, %s)", key( $found ), substr( $hash, 0, 32 ), $variant ) );
	return new \WP_REST_Response( null, 204 );
}

/**
 * Whether a variant may be counted once more in this minute: one statement, so that nobody slips by.
 *
 * @param int    $test    The test's id.
 * @param string $variant Its key.
 */
function room_in_minute( $test, $variant ) {
	global $wpdb;
	$minute = (int) floor( time() / MINUTE_IN_SECONDS );
	$most   = (int) apply_filters( 'devskyy_exposures_per_minute', EXPOSURES_PER_MINUTE );
	// phpcs:disable WordPress.DB.DirectDatabaseQuery
	return (bool) $wpdb->query(
		$wpdb->prepare(
			"UPDATE {$wpdb->prefix}devskyy_variants
			SET in_minute = CASE WHEN minute_shown = %d THEN in_minute + 1 ELSE 1 END, minute_shown = %d
			WHERE test = %d AND name = %s AND (minute_shown <> %d OR in_minute < %d)",
			$minute,
			$minute,
			$test,
			$variant,
			$minute,
			$most
		)
	);
	// phpcs:enable
}

/**
 * A product went into a cart.
 *
 * @param string $line       The cart's own key.
 * @param int    $product_id The product's, not the variation's.
 */
function put_into_cart( $line, $product_id ) {
	converted( 'add_to_cart', array( (int) $product_id ) );
}

/**
 * An order was placed, in either kind of checkout.
 *
 * @param int|\WC_Order $order The order or its id.
 */
function ordered( $order ) {
	$order = is_object( $order ) ? $order : wc_get_order( $order );
	$ids   = array();
	foreach ( $order ? $order->get_items() : array() as $item ) {
		$ids[] = (int) $item->get_product_id();
	}
	converted( 'order', $ids );
}

/**
 * Count what a visitor did who was shown a variant of one of the products, once. Of the order nothing is kept.
 *
 * @param string $goal One of VARIANT_GOALS.
 * @param int[]  $ids  Of products.
 */
function converted( $goal, $ids ) {
	global $wpdb;
	$unit = isset( $_COOKIE[ UNIT_COOKIE ] ) ? sanitize_key( $_COOKIE[ UNIT_COOKIE ] ) : '';
	if ( ! $ids || ! preg_match( '/^[a-f0-9]{32}$/', $unit ) ) {
		return;
	}
	$column = 'order' === $goal ? 'ordered' : 'add_to_cart';
	foreach ( tests_where( 'live = 1' ) as $id => $test ) {
		if ( array_intersect( $ids, $test['product_ids'] ) ) {
			$key = array(
				'test' => $id,
				'unit' => substr( unit_hash( $test, $unit ), 0, 32 ),
			);
			$wpdb->update( "{$wpdb->prefix}devskyy_units", array( $column => 1 ), $key ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
		}
	}
}
