<?php
/**
 * Counting of tests of variants: who was shown one, put its product into the cart, ordered it, once each; and what of an
 * order stands, less what was refunded or cancelled.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

add_action( 'woocommerce_add_to_cart', __NAMESPACE__ . '\\put_into_cart', 10, 2 );
add_action( 'woocommerce_checkout_order_processed', __NAMESPACE__ . '\\ordered' );
add_action( 'woocommerce_store_api_checkout_order_processed', __NAMESPACE__ . '\\ordered' );
add_action( 'woocommerce_order_status_changed', __NAMESPACE__ . '\\recount' );
add_action( 'woocommerce_order_refunded', __NAMESPACE__ . '\\recount' );
add_action( 'woocommerce_trash_order', __NAMESPACE__ . '\\order_gone' );
add_action( 'woocommerce_before_delete_order', __NAMESPACE__ . '\\order_gone' );
add_action( 'woocommerce_untrash_order', __NAMESPACE__ . '\\order_back', 10, 2 );
add_action( 'woocommerce_refund_deleted', __NAMESPACE__ . '\\refund_deleted', 10, 2 );

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
	if ( ! consented() ) {
		return new \WP_Error( 'devskyy_no_consent', 'Who did not agree is not counted.', array( 'status' => 403 ) );
	}
	$found = tests_where( 'name = %s AND live = 1', array( $request['test'] ) );
	if ( ! $found || ! takes_part( current( $found ), $request['unit'] ) ) {
		return new \WP_Error( 'devskyy_test_invalid_key', 'No such test is shown.', array( 'status' => 404 ) );
	}
	$hash    = unit_hash( current( $found ), $request['unit'] );
	$variant = variant_of( current( $found )['variants'], $hash );
	$unit    = substr( $hash, 0, 32 );
	// phpcs:ignore WordPress.DB.DirectDatabaseQuery
	$known = $wpdb->get_var( $wpdb->prepare( "SELECT 1 FROM {$wpdb->prefix}devskyy_units WHERE test = %d AND unit = %s", key( $found ), $unit ) );
	if ( $known ) {
		return new \WP_REST_Response( null, 204 );
	}
	if ( ! room_in_minute( key( $found ) ) ) {
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
	$wpdb->query( $wpdb->prepare( "INSERT IGNORE INTO {$wpdb->prefix}devskyy_units (test, unit, variant) VALUES (%d, %s, %s)", key( $found ), $unit, $variant ) );
	return new \WP_REST_Response( null, 204 );
}

/**
 * Whether a test may count one more in this minute: one statement, so that nobody slips by. Of the test and not of its
 * variants: those of larger weight would be held back alone, and the split be none.
 *
 * @param int $test The test's id.
 */
function room_in_minute( $test ) {
	global $wpdb;
	$minute = (int) floor( time() / MINUTE_IN_SECONDS );
	$most   = (int) apply_filters( 'devskyy_exposures_per_minute', EXPOSURES_PER_MINUTE );
	// phpcs:disable WordPress.DB.DirectDatabaseQuery
	return (bool) $wpdb->query(
		$wpdb->prepare(
			"UPDATE {$wpdb->prefix}devskyy_tests
			SET in_minute = CASE WHEN minute_shown = %d THEN in_minute + 1 ELSE 1 END, minute_shown = %d
			WHERE id = %d AND (minute_shown <> %d OR in_minute < %d)",
			$minute,
			$minute,
			$test,
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
	global $wpdb;
	foreach ( units_of_visitor( array( (int) $product_id ) ) as $test => $unit ) {
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery
		$wpdb->update( "{$wpdb->prefix}devskyy_units", array( 'add_to_cart' => 1 ), array( 'test' => $test, 'unit' => $unit ) );
	}
}

/**
 * An order was placed, in either kind of checkout: it belongs to who was shown a variant of one of its products.
 *
 * @param int|\WC_Order $order The order or its id.
 */
function ordered( $order ) {
	global $wpdb;
	$order = is_object( $order ) ? $order : wc_get_order( $order );
	if ( ! $order ) {
		return;
	}
	foreach ( units_of_visitor( products_of( $order ) ) as $test => $unit ) {
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery
		$wpdb->query( $wpdb->prepare( "INSERT IGNORE INTO {$wpdb->prefix}devskyy_purchases (test, purchase, unit) SELECT test, %s, unit FROM {$wpdb->prefix}devskyy_units WHERE test = %d AND unit = %s", purchase( $test, $order ), $test, $unit ) );
	}
	recount( $order );
}

/**
 * What of an order stands: after each change of its status, and each refund.
 *
 * @param int|\WC_Order $order  The order or its id.
 * @param string        $status What it is about to be; empty: what it is.
 */
function count_anew( $order, $status = '' ) {
	global $wpdb;
	$order = is_object( $order ) ? $order : wc_get_order( $order );
	foreach ( $order ? tests_of( products_of( $order ) ) : array() as $id => $test ) {
		$stands = ! in_array( $status ? $status : $order->get_status(), array( 'cancelled', 'failed', 'trash' ), true );
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery
		$wpdb->update(
			"{$wpdb->prefix}devskyy_purchases",
			array(
				'stands'   => (int) $stands,
				'refunded' => (int) ( $order->get_total_refunded() > 0 ),
				'value'    => $stands ? number_format( value_of( $order, $test['product_ids'] ), 4, '.', '' ) : '0',
			),
			array(
				'test'     => $id,
				'purchase' => purchase( $id, $order ),
			)
		);
	}
}

/**
 * An order was changed, or a part of it paid back.
 *
 * @param int|\WC_Order $order The order or its id.
 */
function recount( $order ) {
	count_anew( $order );
}

/**
 * An order goes to the bin, or for good.
 *
 * @param int $order Its id.
 */
function order_gone( $order ) {
	count_anew( $order, 'trash' );
}

/**
 * An order comes back from the bin.
 *
 * @param int    $order  Its id.
 * @param string $status What it was before, and will be.
 */
function order_back( $order, $status ) {
	count_anew( $order, preg_replace( '/^wc-/', '', (string) $status ) );
}

/**
 * A refund was taken back.
 *
 * @param int $refund Its id.
 * @param int $order  The order's.
 */
function refund_deleted( $refund, $order ) {
	recount( $order );
}

/**
 * What the tested products of an order came to, after discounts, without tax and shipping, less refunds. A refund that names
 * no lines takes from all of them alike.
 *
 * @param \WC_Order $order The order.
 * @param int[]     $ids   Of products.
 */
function value_of( $order, $ids ) {
	$value = 0.0;
	foreach ( $order->get_items() as $at => $item ) {
		if ( in_array( (int) $item->get_product_id(), $ids, true ) ) {
			$value += (float) $item->get_total() - (float) $order->get_total_refunded_for_item( $at );
		}
	}
	$loose = 0.0;
	foreach ( $order->get_refunds() as $refund ) {
		$loose += $refund->get_items( array( 'line_item', 'shipping', 'fee' ) ) ? 0.0 : (float) $refund->get_amount();
	}
	$rest = (float) $order->get_total() - ( (float) $order->get_total_refunded() - $loose );
	return max( 0.0, $loose > 0 && $rest > 0 ? $value * ( 1 - min( 1, $loose / $rest ) ) : $value );
}

/**
 * How a test knows an order: another hash in each test, which says nothing to whoever lacks the site's secret.
 *
 * @param int       $test  Its id.
 * @param \WC_Order $order The order.
 */
function purchase( $test, $order ) {
	return wp_hash( "devskyy-$test-" . $order->get_id() );
}

/**
 * Ids of an order's products.
 *
 * @param \WC_Order $order The order.
 * @return int[]
 */
function products_of( $order ) {
	return array_map(
		static function ( $item ) {
			return (int) $item->get_product_id();
		},
		array_values( $order->get_items() )
	);
}

/**
 * The tests that run on one of the products, by id.
 *
 * @param int[] $ids Of products.
 * @return array<int,array<string,mixed>>
 */
function tests_of( $ids ) {
	return array_filter(
		tests_where( 'live = 1' ),
		static function ( $test ) use ( $ids ) {
			return (bool) array_intersect( $ids, $test['product_ids'] );
		}
	);
}

/**
 * Whoever asks, as the unit that they are in each test of these products; in none without consent or the cookie.
 *
 * @param int[] $ids Of products.
 * @return array<int,string>
 */
function units_of_visitor( $ids ) {
	$unit = isset( $_COOKIE[ UNIT_COOKIE ] ) ? sanitize_key( $_COOKIE[ UNIT_COOKIE ] ) : '';
	if ( ! preg_match( '/^[a-f0-9]{32}$/', $unit ) || ! consented() ) {
		return array();
	}
	return array_map(
		static function ( $test ) use ( $unit ) {
			return substr( unit_hash( $test, $unit ), 0, 32 );
		},
		tests_of( $ids )
	);
}
