<?php
/**
 * Whether a visitor agreed to be counted: by WP Consent API where the site has it, else by a cookie of the site's own banner.
 * The browser asks the same, as pages come from caches: without consent it keeps no cookie and shows the page as it is.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const CONSENT_COOKIE = '/^([A-Za-z0-9_-]+)(?:=(.+))?$/';

add_action( 'init', __NAMESPACE__ . '\\register_consent' );
add_action( 'admin_init', __NAMESPACE__ . '\\consent_field' );
add_action( 'add_option_devskyy_consent_cookie', __NAMESPACE__ . '\\drop_pages_of_tests' );
add_action( 'update_option_devskyy_consent_cookie', __NAMESPACE__ . '\\drop_pages_of_tests' );
add_filter( 'wp_consent_api_registered_devskyy/devskyy.php', '__return_true' );

/**
 * Pages of tests that caches keep ask by the rule of before: have them made anew.
 */
function drop_pages_of_tests() {
	foreach ( tests_where( 'live = 1' ) as $test ) {
		array_map( 'clean_post_cache', $test['product_ids'] );
	}
}

/**
 * The option, and what WP Consent API shows of the cookie.
 */
function register_consent() {
	register_setting(
		'reading',
		'devskyy_consent_cookie',
		array(
			'type'              => 'string',
			'default'           => '',
			'description'       => 'Cookie by which a visitor agrees to statistics: its name, or name=text that it contains; empty where no consent is needed.',
			'sanitize_callback' => __NAMESPACE__ . '\\consent_cookie',
			'show_in_rest'      => array( 'schema' => array( 'pattern' => '^([A-Za-z0-9_-]+(=.+)?)?$' ) ),
		)
	);
	if ( function_exists( 'wp_add_cookie_info' ) ) {
		wp_add_cookie_info( UNIT_COOKIE, 'DevSkyy', 'statistics', '90 days', 'Shows the same variant of a page again, and counts a visitor once.' );
	}
}

/**
 * What is no cookie leaves the option as it is: a slip must not count people who did not agree.
 *
 * @param mixed $given As given.
 */
function consent_cookie( $given ) {
	$given = trim( (string) $given );
	return '' === $given || preg_match( CONSENT_COOKIE, $given ) ? $given : get_option( 'devskyy_consent_cookie', '' );
}

/**
 * The option in wp-admin, under Settings > Reading.
 */
function consent_field() {
	add_settings_field(
		'devskyy_consent_cookie',
		esc_html__( 'Consent to tests of variants', 'devskyy' ),
		static function () {
			printf( '<input id="devskyy_consent_cookie" name="devskyy_consent_cookie" class="regular-text" value="%s">', esc_attr( get_option( 'devskyy_consent_cookie', '' ) ) );
			printf( '<p class="description">%s</p>', esc_html__( 'Cookie of your banner that says yes to statistics, such as cookie_notice_accepted=true. Empty: no consent is asked for. Where WP Consent API is active, it decides.', 'devskyy' ) );
		},
		'reading',
		'default',
		array( 'label_for' => 'devskyy_consent_cookie' )
	);
}

/**
 * What a browser has to ask: 'api', a cookie with the text that it contains, or nothing.
 *
 * @return string|array{cookie:string,text:string}|null
 */
function consent_rule() {
	if ( function_exists( 'wp_has_consent' ) ) {
		return 'api';
	}
	$cookie = (string) apply_filters( 'devskyy_consent_cookie', get_option( 'devskyy_consent_cookie', '' ) );
	if ( ! preg_match( CONSENT_COOKIE, $cookie, $parts ) ) {
		return null;
	}
	return array(
		'cookie' => $parts[1],
		'text'   => $parts[2] ?? '',
	);
}

/**
 * Whether whoever asks may be counted.
 */
function consented() {
	if ( '1' === ( $_SERVER['HTTP_SEC_GPC'] ?? '' ) ) { // Global Privacy Control.
		return false;
	}
	$rule = consent_rule();
	if ( 'api' === $rule ) {
		return wp_has_consent( 'statistics' );
	}
	if ( null === $rule ) {
		return true;
	}
	$value = isset( $_COOKIE[ $rule['cookie'] ] ) ? wp_unslash( $_COOKIE[ $rule['cookie'] ] ) : null; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- only compared.
	return is_string( $value ) && ( '' === $rule['text'] || false !== strpos( $value, $rule['text'] ) );
}
