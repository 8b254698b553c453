<?php
// Must-use plugin of some tests: rings WooCommerce's hooks where there is no WooCommerce, with an order as the query tells it.
add_action( 'init', function () {
    if ( ! isset( $_GET['bell'] ) ) { return; }
    class Item {
        public function __construct( public $id, public $total, public $refunded = 0 ) {}
        public function get_product_id() { return $this->id; }
        public function get_total() { return $this->total; }
    }
    class Refund {
        public function __construct( public $amount, public $items ) {}
        public function get_amount() { return $this->amount; }
        public function get_items( $types ) { return $this->items; }
    }
    class Order {
        public function __construct( public $id, public $told ) {}
        public function get_id() { return $this->id; }
        public function get_status() { return $this->told['status'] ?? 'processing'; }
        public function get_items() {
            return array( 1 => new Item( (int) ( $this->told['of'] ?? 8 ), $this->told['line'] ?? 50 ), 2 => new Item( 99, 30 ) );
        }
        public function get_total() { return ( $this->told['line'] ?? 50 ) + 30; }
        public function get_total_refunded() { return ( $this->told['back'] ?? 0 ) + ( $this->told['loose'] ?? 0 ); }
        public function get_total_refunded_for_item( $at ) { return 1 === $at ? $this->told['back'] ?? 0 : 0; }
        public function get_refunds() {
            return array(
                new Refund( $this->told['back'] ?? 0, array( 'a line' ) ), new Refund( $this->told['loose'] ?? 0, array() )
            );
        }
    }
    function wc_get_order( $id ) { return new Order( (int) $id, $_GET ); }
    $order = (int) ( $_GET['id'] ?? 61 );
    if ( 'cart' === $_GET['bell'] ) { do_action( 'woocommerce_add_to_cart', 'line', 7, 1, 0, array(), array() ); }
    if ( 'order' === $_GET['bell'] ) {
        do_action( 'woocommerce_checkout_order_processed', $order, array() );
        do_action( 'woocommerce_store_api_checkout_order_processed', wc_get_order( $order ) );
    }
    if ( 'status' === $_GET['bell'] ) { do_action( 'woocommerce_order_status_changed', $order, 'pending', $_GET['status'] ); }
    if ( 'refund' === $_GET['bell'] ) { do_action( 'woocommerce_order_refunded', $order, 7 ); }
    if ( 'trash' === $_GET['bell'] ) { do_action( 'woocommerce_trash_order', $order ); }
    if ( 'untrash' === $_GET['bell'] ) { do_action( 'woocommerce_untrash_order', $order, 'wc-on-hold' ); }
    if ( 'delete' === $_GET['bell'] ) { do_action( 'woocommerce_before_delete_order', $order, wc_get_order( $order ) ); }
    if ( 'back' === $_GET['bell'] ) { do_action( 'woocommerce_refund_deleted', 7, $order ); }
    global $wpdb;
    $rows = array_merge(
        $wpdb->get_results( "SELECT * FROM {$wpdb->prefix}devskyy_units" ),
        $wpdb->get_results( "SELECT * FROM {$wpdb->prefix}devskyy_purchases" )
    );
    exit( 'rows' === $_GET['bell'] ? json_encode( $rows ) : 'rung' );
} );
