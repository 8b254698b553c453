<?php
/**
 * Personal data of an e-mail address, by way of WordPress' own exporters and erasers: those of WordPress, WooCommerce
 * and every plugin that registers any.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const PRIVACY_SECONDS = 5;

add_action( 'rest_api_init', __NAMESPACE__ . '\\register_privacy' );

/**
 * The two routes.
 */
function register_privacy() {
	foreach ( array( 'export' => 'GET', 'erase' => 'POST' ) as $action => $method ) {
		register_rest_route(
			REST,
			"/privacy/$action",
			array(
				'methods'             => $method,
				'callback'            => __NAMESPACE__ . "\\privacy_$action",
				'permission_callback' => static function () use ( $action ) {
					return allowed( "{$action}_others_personal_data" );
				},
				'args'                => array(
					'email' => array(
						'type'     => 'string',
						'format'   => 'email',
						'required' => true,
					),
					'from'  => array(
						'type'        => 'string',
						'pattern'     => '^\\d{1,6}:\\d{1,6}$',
						'default'     => '0:1',
						'description' => 'Where to go on, as the answer before says in next.',
					),
				),
			)
		);
	}
}

/**
 * What the site holds of somebody: groups of items of {name, value}.
 *
 * @param \WP_REST_Request $request email, from.
 */
function privacy_export( $request ) {
	$groups = array();
	$next   = privacy_steps(
		'exporter',
		$request['email'],
		$request['from'],
		static function ( $answer ) use ( &$groups ) {
			foreach ( $answer['data'] as $item ) {
				$id = $item['group_id'];
				if ( ! isset( $groups[ $id ] ) ) {
					$groups[ $id ] = array(
						'group' => $id,
						'label' => wp_strip_all_tags( $item['group_label'] ),
						'items' => array(),
					);
				}
				$groups[ $id ]['items'][] = array_map( __NAMESPACE__ . '\\privacy_pair', array_values( $item['data'] ) );
			}
		}
	);
	if ( is_wp_error( $next ) ) {
		return $next;
	}
	return rest_ensure_response(
		array(
			'groups' => array_values( $groups ),
			'next'   => $next,
		)
	);
}

/**
 * One {name, value} of an export, as text.
 *
 * @param array<string,mixed> $pair name, value.
 */
function privacy_pair( $pair ) {
	$value = is_scalar( $pair['value'] ) ? (string) $pair['value'] : (string) wp_json_encode( $pair['value'] );
	return array(
		'name'  => wp_strip_all_tags( (string) $pair['name'] ),
		'value' => wp_strip_all_tags( $value ),
	);
}

/**
 * Remove or anonymise what the site holds of somebody, for good. Called again it does no harm.
 *
 * @param \WP_REST_Request $request email, from.
 */
function privacy_erase( $request ) {
	$found = array(
		'removed'  => false,
		'retained' => false,
		'messages' => array(),
	);
	$next  = privacy_steps(
		'eraser',
		$request['email'],
		$request['from'],
		static function ( $answer ) use ( &$found ) {
			$found['removed']  = $found['removed'] || ! empty( $answer['items_removed'] );
			$found['retained'] = $found['retained'] || ! empty( $answer['items_retained'] );
			$found['messages'] = array_merge( $found['messages'], array_map( 'wp_strip_all_tags', $answer['messages'] ) );
		}
	);
	if ( is_wp_error( $next ) ) {
		return $next;
	}
	$found['messages'] = array_values( array_unique( $found['messages'] ) );
	return rest_ensure_response( array_merge( $found, array( 'complete' => '' === $next, 'next' => $next ) ) );
}

/**
 * Ask each exporter or eraser for each of its pages, in order, until all are through or the time is up.
 *
 * @param string   $kind  `exporter` or `eraser`.
 * @param string   $email Whose data.
 * @param string   $from  Where to begin: which one and which page, `2:1`.
 * @param callable $take  Gets each answer.
 * @return string|\WP_Error Where to go on; empty when all are through.
 */
function privacy_steps( $kind, $email, $from, $take ) {
	$until  = microtime( true ) + PRIVACY_SECONDS;
	$all    = array_values( apply_filters( "wp_privacy_personal_data_{$kind}s", array() ) );
	$number = (int) strtok( $from, ':' );
	$page   = max( 1, (int) strtok( ':' ) );
	while ( isset( $all[ $number ] ) ) {
		if ( microtime( true ) > $until ) {
			return "$number:$page";
		}
		$answer = call_user_func( $all[ $number ]['callback'], $email, $page );
		if ( ! is_array( $answer ) || ! isset( $answer['done'] ) ) {
			$name    = $all[ $number ][ "{$kind}_friendly_name" ] ?? $number;
			$message = sprintf( 'The %s "%s" gave no proper answer.', $kind, $name );
			return new \WP_Error( 'devskyy_privacy_failed', $message, array( 'status' => 500 ) );
		}
		$take( $answer );
		$number += $answer['done'] ? 1 : 0;
		$page    = $answer['done'] ? 1 : $page + 1;
	}
	return '';
}
