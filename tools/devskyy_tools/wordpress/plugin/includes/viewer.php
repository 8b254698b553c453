<?php
/**
 * Shows 3D models: the block devskyy/model-viewer, the shortcode [devskyy_model], and a place on WooCommerce's product
 * pages. All files come from this site; the viewer itself is loaded when a model comes into view.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const MODEL_PLACES = array( 'tab', 'summary', 'off' );

add_action( 'init', __NAMESPACE__ . '\\register_viewer' );
add_action( 'admin_init', __NAMESPACE__ . '\\model_place_field' );
add_action( 'wp_enqueue_scripts', __NAMESPACE__ . '\\viewer_early' );
add_action( 'wp_footer', __NAMESPACE__ . '\\model_print_json_ld' );
add_filter( 'woocommerce_structured_data_product', __NAMESPACE__ . '\\model_in_product', 10, 2 );
add_filter( 'woocommerce_product_tabs', __NAMESPACE__ . '\\model_tab' );
add_action( 'woocommerce_single_product_summary', __NAMESPACE__ . '\\model_in_summary', 45 );

/**
 * Script, style, shortcode, block and option.
 */
function register_viewer() {
	$assets = plugins_url( 'assets/', __DIR__ );
	wp_register_style( 'devskyy-viewer', "{$assets}viewer.css", array(), VERSION );
	wp_register_script( 'devskyy-viewer', "{$assets}viewer.js", array(), VERSION, true );
	$needs = array( 'wp-blocks', 'wp-block-editor', 'wp-components', 'wp-element', 'wp-i18n' );
	wp_register_script( 'devskyy-block', "{$assets}block.js", $needs, VERSION, true );
	add_shortcode( 'devskyy_model', __NAMESPACE__ . '\\model_shortcode' );
	register_block_type(
		'devskyy/model-viewer',
		array(
			'api_version'     => 3,
			'title'           => '3D model',
			'category'        => 'media',
			'icon'            => 'format-image',
			'description'     => 'A model that people can turn.',
			'attributes'      => array(
				'id' => array(
					'type'    => 'integer',
					'default' => 0,
				),
			),
			'uses_context'    => array( 'postId' ),
			'supports'        => array( 'html' => false ),
			'editor_script'   => 'devskyy-block',
			'render_callback' => __NAMESPACE__ . '\\model_block',
		)
	);
	register_setting(
		'reading',
		'devskyy_model_place',
		array(
			'type'              => 'string',
			'default'           => 'tab',
			'description'       => 'Where product pages show a 3D model: tab, summary or off.',
			'sanitize_callback' => __NAMESPACE__ . '\\model_place',
			'show_in_rest'      => array( 'schema' => array( 'enum' => MODEL_PLACES ) ),
		)
	);
}

/**
 * A known place; the first for anything else.
 *
 * @param mixed $place As given.
 */
function model_place( $place ) {
	return in_array( $place, MODEL_PLACES, true ) ? $place : MODEL_PLACES[0];
}

/**
 * The option in wp-admin, under Settings > Reading.
 */
function model_place_field() {
	add_settings_field(
		'devskyy_model_place',
		esc_html__( '3D models of products', 'devskyy' ),
		static function () {
			$names = array(
				'tab'     => __( 'In a tab of the product page', 'devskyy' ),
				'summary' => __( 'Below the button to buy', 'devskyy' ),
				'off'     => __( 'Only where a block or shortcode says so', 'devskyy' ),
			);
			echo '<select id="devskyy_model_place" name="devskyy_model_place">';
			foreach ( $names as $place => $name ) {
				$chosen = selected( get_option( 'devskyy_model_place', 'tab' ), $place, false );
				printf( '<option value="%s"%s>%s</option>', esc_attr( $place ), $chosen, esc_html( $name ) ); // phpcs:ignore WordPress.Security.EscapeOutput -- selected() is markup.
			}
			echo '</select>';
		},
		'reading',
		'default',
		array( 'label_for' => 'devskyy_model_place' )
	);
}

/**
 * The shortcode: [devskyy_model], or [devskyy_model id="12"] for another product's.
 *
 * @param array<string,string>|string $given Attributes.
 */
function model_shortcode( $given ) {
	$given = shortcode_atts( array( 'id' => 0 ), $given, 'devskyy_model' );
	return model_markup( (int) $given['id'] ? (int) $given['id'] : (int) get_the_ID() );
}

/**
 * The block.
 *
 * @param array<string,mixed> $attributes id.
 * @param string              $content    Nothing.
 * @param \WP_Block           $block      With the post that it stands in.
 */
function model_block( $attributes, $content, $block ) {
	$id = (int) $attributes['id'];
	$id = $id ? $id : (int) ( $block->context['postId'] ?? get_the_ID() );
	return model_markup( $id );
}

/**
 * The model's markup, poster first; empty where there is none, or none that the visitor may see.
 *
 * @param int $id The product's, or another post's.
 */
function model_markup( $id ) {
	$glb = $id ? model_url( model_of( $id )['glb'], 'glb' ) : '';
	if ( '' === $glb || ! ( is_post_publicly_viewable( $id ) || current_user_can( 'read_post', $id ) ) || post_password_required( $id ) ) {
		return '';
	}
	wp_enqueue_style( 'devskyy-viewer' );
	wp_enqueue_script( 'devskyy-viewer' );
	$model  = model_of( $id );
	$alt    = $model['alt'] ? $model['alt'] : wp_strip_all_tags( get_the_title( $id ) );
	$usdz   = model_url( $model['usdz'], 'usdz' );
	$poster = model_url( $model['poster'], 'poster' );
	$marks  = array(
		'src'               => $glb,
		'alt'               => $alt,
		'loading'           => 'lazy',
		'camera-controls'   => '',
		'touch-action'      => 'pan-y',
		'environment-image' => 'neutral',
		'shadow-intensity'  => '1',
	);
	if ( $model['ar'] && 'relief' !== $model['kind'] ) {
		$marks += array(
			'ar'       => '',
			'ar-modes' => 'webxr scene-viewer quick-look',
			'ar-scale' => 'fixed',
		);
		$marks += $usdz ? array( 'ios-src' => $usdz ) : array();
	}
	$html = '';
	foreach ( $marks as $name => $value ) {
		$html .= '' === $value ? " $name" : sprintf( ' %s="%s"', $name, false === strpos( $name, 'src' ) ? esc_attr( $value ) : esc_url( $value ) );
	}
	$image = $poster ? sprintf( '<img slot="poster" src="%s" alt="%s" loading="lazy" decoding="async">', esc_url( $poster ), esc_attr( $alt ) ) : '';
	$note  = 'relief' === $model['kind'] ? sprintf( '<p class="devskyy-model-note">%s</p>', esc_html__( 'A relief of photos: its depth, and what they do not show, are made up.', 'devskyy' ) ) : '';
	return sprintf( '<div class="devskyy-model" data-kind="%s"><model-viewer%s>%s</model-viewer>%s</div>', esc_attr( $model['kind'] ), $html, $image, $note );
}

/**
 * The style in the head of a page that has a model, rather than behind the content.
 */
function viewer_early() {
	if ( is_singular() && ! empty( model_of( get_queried_object_id() )['glb'] ) ) {
		wp_enqueue_style( 'devskyy-viewer' );
	}
}

/**
 * The tab on a product page.
 *
 * @param array<string,array<string,mixed>> $tabs WooCommerce's.
 */
function model_tab( $tabs ) {
	if ( 'tab' !== model_place( get_option( 'devskyy_model_place', 'tab' ) ) || '' === model_markup( (int) get_the_ID() ) ) {
		return $tabs;
	}
	$tabs['devskyy_model'] = array(
		'title'    => __( '3D', 'devskyy' ),
		'priority' => 5,
		'callback' => static function () {
			echo model_markup( (int) get_the_ID() ); // phpcs:ignore WordPress.Security.EscapeOutput -- escaped where it is made.
		},
	);
	return $tabs;
}

/**
 * Below the button to buy.
 */
function model_in_summary() {
	if ( 'summary' === get_option( 'devskyy_model_place', 'tab' ) ) {
		echo model_markup( (int) get_the_ID() ); // phpcs:ignore WordPress.Security.EscapeOutput -- escaped where it is made.
	}
}

/**
 * The model in WooCommerce's own data for search engines.
 *
 * @param array<string,mixed> $markup  What WooCommerce tells of the product.
 * @param \WC_Product         $product The product.
 */
function model_in_product( $markup, $product ) {
	$model = model_json_ld( $product->get_id() );
	if ( $model && is_array( $markup ) ) {
		$markup['subjectOf'] = $model;
	}
	return $markup;
}

/**
 * The model by itself, on pages that WooCommerce tells nothing of.
 */
function model_print_json_ld() {
	$id    = is_singular() ? get_queried_object_id() : 0;
	$model = $id && ! ( class_exists( 'WooCommerce' ) && 'product' === get_post_type( $id ) ) ? model_json_ld( $id ) : null;
	if ( $model && ! post_password_required( $id ) ) {
		$text = wp_json_encode( array( '@context' => 'https://schema.org/' ) + $model, JSON_HEX_TAG | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE );
		printf( '<script type="application/ld+json">%s</script>' . "\n", $text ); // phpcs:ignore WordPress.Security.EscapeOutput -- JSON without angle brackets.
	}
}
