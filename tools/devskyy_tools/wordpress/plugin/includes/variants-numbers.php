<?php
/**
 * The numbers of tests of variants: visitors, who of them did what is counted, and what they spent, as sums.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const WINSORISED = 0.995; // Share of what visitors spent that counts as it is; more counts as much as this one.

/**
 * Tests with how many visitors saw each variant, how many of them put the product into the cart, ordered it or had money
 * back, and the sums of what each spent and of its squares.
 *
 * @param array<int,array<string,mixed>> $tests From tests_where.
 * @return array<int,array<string,mixed>>
 */
function counted( $tests ) {
	global $wpdb;
	if ( ! $tests ) {
		return $tests;
	}
	$ids    = implode( ',', array_keys( $tests ) );
	$shown  = array();
	$buyers = array();
	// phpcs:disable WordPress.DB.PreparedSQL, WordPress.DB.DirectDatabaseQuery -- ids of our own.
	foreach ( $wpdb->get_results( "SELECT test, variant, COUNT(*) AS shown, SUM(add_to_cart) AS add_to_cart FROM {$wpdb->prefix}devskyy_units WHERE test IN ($ids) GROUP BY test, variant" ) as $row ) {
		$shown[ (int) $row->test ][ $row->variant ] = $row;
	}
	foreach ( $wpdb->get_results( "SELECT p.test, u.variant, MAX(p.stands) AS stands, MAX(p.refunded) AS refunded, SUM(p.value) AS value FROM {$wpdb->prefix}devskyy_purchases p JOIN {$wpdb->prefix}devskyy_units u ON u.test = p.test AND u.unit = p.unit WHERE p.test IN ($ids) GROUP BY p.test, p.unit, u.variant" ) as $row ) {
		$buyers[ (int) $row->test ][] = $row;
	}
	// phpcs:enable
	foreach ( $tests as $id => $test ) {
		$most = most_spent( $buyers[ $id ] ?? array() );
		foreach ( $test['variants'] as $at => $variant ) {
			$row     = $shown[ $id ][ $variant['key'] ] ?? null;
			$numbers = array(
				'shown'           => $row ? (int) $row->shown : 0,
				'add_to_cart'     => $row ? (int) $row->add_to_cart : 0,
				'order'           => 0,
				'refund'          => 0,
				'revenue'         => 0.0,
				'revenue_squares' => 0.0,
			);
			foreach ( $buyers[ $id ] ?? array() as $buyer ) {
				if ( $buyer->variant === $variant['key'] ) {
					$spent = min( (float) $buyer->value, $most );

					$numbers['order']           += (int) $buyer->stands;
					$numbers['refund']          += (int) $buyer->refunded;
					$numbers['revenue']         += $spent;
					$numbers['revenue_squares'] += $spent * $spent;
				}
			}
			$tests[ $id ]['variants'][ $at ] += $numbers;
		}
	}
	return $tests;
}

/**
 * The quantile of what visitors spent above zero, of all variants together: one order of a reseller's must not decide a test.
 *
 * @param object[] $buyers With value.
 */
function most_spent( $buyers ) {
	$spent = array_filter( array_map( 'floatval', array_column( $buyers, 'value' ) ) );
	sort( $spent );
	return $spent ? $spent[ min( count( $spent ) - 1, (int) ( WINSORISED * count( $spent ) ) ) ] : 0.0;
}
