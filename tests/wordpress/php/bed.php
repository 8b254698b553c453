<?php
// Must-use plugin of the bed: no mail leaves it, and nothing is fetched from outside.
add_filter( 'pre_wp_mail', '__return_true' );
add_filter( 'pre_http_request', static function () {
	return new WP_Error( 'http_request_not_executed', 'The bed makes no requests.' );
} );
