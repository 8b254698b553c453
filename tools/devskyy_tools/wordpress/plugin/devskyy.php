<?php
/**
 * Plugin Name: DevSkyy
 * Description: What DevSkyy needs and WordPress' REST API lacks: 3D models on product pages, SEO fields, redirects, tests of variants, privacy export and erasure.
 * Version: 0.1.0
 * Requires at least: 6.2
 * Requires PHP: 7.4
 * License: MIT
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const REST    = 'devskyy/v1';
const VERSION = '0.1.0';

require __DIR__ . '/includes/uploads.php';
require __DIR__ . '/includes/models.php';
require __DIR__ . '/includes/viewer.php';
require __DIR__ . '/includes/seo.php';
require __DIR__ . '/includes/redirects.php';
require __DIR__ . '/includes/redirects-rest.php';
require __DIR__ . '/includes/consent.php';
require __DIR__ . '/includes/variants.php';
require __DIR__ . '/includes/variants-rest.php';
require __DIR__ . '/includes/variants-numbers.php';
require __DIR__ . '/includes/variants-counting.php';
require __DIR__ . '/includes/privacy.php';

register_activation_hook( __FILE__, __NAMESPACE__ . '\\create_table' );

/**
 * The refusal of a right, as WordPress words it: 401 for nobody, 403 for somebody.
 *
 * @param string $capability What the account needs.
 * @return true|\WP_Error
 */
function allowed( $capability ) {
	if ( current_user_can( $capability ) ) {
		return true;
	}
	$message = __( 'Sorry, you are not allowed to do that.' );
	return new \WP_Error( 'rest_forbidden', $message, array( 'status' => rest_authorization_required_code() ) );
}
