<?php
// Third process: a small catalogue, through WooCommerce's own REST controllers.
$bed = json_decode( getenv( 'BED' ), true );
$_SERVER['HTTP_HOST'] = parse_url( $bed['url'], PHP_URL_HOST ) . ':' . parse_url( $bed['url'], PHP_URL_PORT );
require $bed['folder'] . '/wp-load.php';
wp_set_current_user( 1 );

function bed_post( $route, $body ) {
	$request = new WP_REST_Request( 'POST', "/wc/v3/$route" );
	$request->set_header( 'Content-Type', 'application/json' );
	$request->set_body( wp_json_encode( $body ) );
	$answer = rest_do_request( $request );
	if ( $answer->is_error() ) {
		fwrite( STDERR, "$route: " . wp_json_encode( $answer->get_data() ) );
		exit( 1 );
	}
	return $answer->get_data();
}

$collections = bed_post( 'products/categories', array( 'name' => 'Collections' ) );
$signature = bed_post( 'products/categories', array( 'name' => 'SIGNATURE', 'parent' => $collections['id'] ) );
$roses = bed_post( 'products/categories', array( 'name' => 'BLACK ROSE', 'parent' => $collections['id'] ) );
$in = static fn( $term ) => array( array( 'id' => $term['id'] ) );
foreach ( range( 1, 6 ) as $n ) {
	$simple = bed_post( 'products', array(
		'name' => "Tee $n", 'sku' => "BED-TEE-$n", 'regular_price' => ( 20 + $n ) . '.00', 'manage_stock' => true,
		'stock_quantity' => 10 * $n, 'categories' => $in( $n % 2 ? $signature : $roses ),
	) );
}
$sizes = array( 'S', 'M', 'L' );
$coat = bed_post( 'products', array(
	'name' => 'Coat', 'type' => 'variable', 'sku' => 'BED-COAT', 'categories' => $in( $roses ),
	'attributes' => array( array( 'name' => 'Size', 'visible' => true, 'variation' => true, 'options' => $sizes ) ),
) );
foreach ( $sizes as $size ) {
	bed_post( "products/{$coat['id']}/variations", array(
		'sku' => "BED-COAT-$size", 'regular_price' => '180.00', 'manage_stock' => true, 'stock_quantity' => 5,
		'attributes' => array( array( 'name' => 'Size', 'option' => $size ) ),
	) );
}
$address = array( 'first_name' => 'Ada', 'last_name' => 'Muster', 'address_1' => 'Weg 1', 'city' => 'Berlin', 'postcode' => '10115', 'country' => 'DE' );
$customer = bed_post( 'customers', array( 'email' => 'ada@example.com', 'username' => 'ada', 'password' => 'bed-login-password', 'billing' => $address ) );
bed_post( 'coupons', array( 'code' => 'welcome10', 'discount_type' => 'percent', 'amount' => '10' ) );
$order = bed_post( 'orders', array(
	'customer_id' => $customer['id'], 'payment_method' => 'bacs', 'set_paid' => true, 'billing' => $address,
	'line_items' => array( array( 'product_id' => $simple['id'], 'quantity' => 2 ) ),
) );
bed_post( "orders/{$order['id']}/notes", array( 'note' => 'Packed.' ) );
bed_post( 'products/reviews', array( 'product_id' => $simple['id'], 'review' => 'Good.', 'reviewer' => 'Ada', 'reviewer_email' => 'ada@example.com', 'rating' => 5 ) );
