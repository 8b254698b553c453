<?php
/**
 * SEO fields in REST: `devskyy_seo` on posts, pages, products, other public types and terms.
 *
 * Where Yoast SEO or Rank Math is active its own fields are read and written, and it prints them. Else they are kept in
 * meta of ours, and printed here.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const SEO_KEYS = array(
	'devskyy'  => array(
		'title'       => '_devskyy_seo_title',
		'description' => '_devskyy_seo_description',
		'canonical'   => '_devskyy_seo_canonical',
		'noindex'     => '_devskyy_seo_noindex',
	),
	'yoast'    => array(
		'title'       => '_yoast_wpseo_title',
		'description' => '_yoast_wpseo_metadesc',
		'canonical'   => '_yoast_wpseo_canonical',
		'noindex'     => '_yoast_wpseo_meta-robots-noindex',
	),
	'rankmath' => array(
		'title'       => 'rank_math_title',
		'description' => 'rank_math_description',
		'canonical'   => 'rank_math_canonical_url',
		'noindex'     => 'rank_math_robots',
	),
);
const SEO_SCHEMA = array(
	'type'                 => 'object',
	'description'          => 'What search engines are told; empty where the site says what it says by itself.',
	'context'              => array( 'view', 'edit' ),
	'additionalProperties' => false,
	'properties'           => array(
		'title'       => array(
			'type'      => 'string',
			'maxLength' => 300,
		),
		'description' => array(
			'type'      => 'string',
			'maxLength' => 1000,
		),
		'canonical'   => array(
			'type'    => 'string',
			'pattern' => '^(https?://[^\\s<>"\']+)?$',
		),
		'noindex'     => array( 'type' => 'boolean' ),
		'kept_by'     => array(
			'type'     => 'string',
			'enum'     => array( 'devskyy', 'yoast', 'rankmath' ),
			'readonly' => true,
		),
	),
);

add_action( 'rest_api_init', __NAMESPACE__ . '\\register_seo' );
add_filter( 'pre_get_document_title', __NAMESPACE__ . '\\seo_title', 20 );
add_filter( 'wp_robots', __NAMESPACE__ . '\\seo_robots', 20 );
add_action( 'wp_head', __NAMESPACE__ . '\\seo_head', 1 );

/**
 * Who keeps the fields.
 */
function seo_keeper() {
	if ( defined( 'WPSEO_VERSION' ) ) {
		return 'yoast';
	}
	return class_exists( 'RankMath' ) ? 'rankmath' : 'devskyy';
}

/**
 * Add the field to each public type and taxonomy.
 */
function register_seo() {
	$posts = get_post_types( array( 'public' => true ) );
	$terms = array_merge( get_taxonomies( array( 'public' => true ) ), array( 'tag' ) ); // REST's own name of post_tag.
	foreach ( array( 'post' => $posts, 'term' => $terms ) as $of => $names ) {
		register_rest_field(
			array_values( $names ),
			'devskyy_seo',
			array(
				'get_callback'    => static function ( $shown ) use ( $of ) {
					return seo_of( $of, (int) $shown['id'] );
				},
				'update_callback' => static function ( $asked, $changed ) use ( $of ) {
					return seo_save( $of, 'post' === $of ? $changed->ID : $changed->term_id, (array) $asked );
				},
				'schema'          => SEO_SCHEMA,
			)
		);
	}
}

/**
 * The fields of a post or term.
 *
 * @param string $of `post` or `term`.
 * @param int    $id Its id.
 * @return array<string,string|bool>
 */
function seo_of( $of, $id ) {
	$keeper = seo_keeper();
	$found  = array();
	foreach ( SEO_KEYS[ $keeper ] as $field => $key ) {
		$value           = seo_read( $keeper, $of, $id, $field, $key );
		$found[ $field ] = 'noindex' === $field ? seo_is_noindex( $value ) : (string) $value;
	}
	$found['kept_by'] = $keeper;
	return $found;
}

/**
 * Write the given fields; an empty text takes one away. Who may change the object was asked before.
 *
 * @param string               $of    `post` or `term`.
 * @param int                  $id    Its id.
 * @param array<string,string|bool> $asked The fields.
 * @return true
 */
function seo_save( $of, $id, $asked ) {
	$keeper = seo_keeper();
	foreach ( SEO_KEYS[ $keeper ] as $field => $key ) {
		if ( ! array_key_exists( $field, $asked ) ) {
			continue;
		}
		if ( 'noindex' === $field ) {
			$value = seo_noindex( $keeper, $of, $id, $key, (bool) $asked[ $field ] );
		} elseif ( 'canonical' === $field ) {
			$value = esc_url_raw( $asked[ $field ], array( 'http', 'https' ) );
		} else {
			$value = sanitize_text_field( $asked[ $field ] );
		}
		seo_write( $keeper, $of, $id, $field, $key, $value );
	}
	return true;
}

/**
 * One stored value. Yoast SEO keeps those of terms in an option.
 */
function seo_read( $keeper, $of, $id, $field, $key ) {
	if ( 'yoast' === $keeper && 'term' === $of ) {
		$kept = get_option( 'wpseo_taxonomy_meta', array() );
		return $kept[ get_term( $id )->taxonomy ][ $id ][ yoast_term_key( $field ) ] ?? '';
	}
	return get_metadata( $of, $id, $key, true );
}

/**
 * Store one value; an empty one is not kept.
 */
function seo_write( $keeper, $of, $id, $field, $key, $value ) {
	if ( 'yoast' === $keeper && 'term' === $of ) {
		$kept     = get_option( 'wpseo_taxonomy_meta', array() );
		$taxonomy = get_term( $id )->taxonomy;
		unset( $kept[ $taxonomy ][ $id ][ yoast_term_key( $field ) ] );
		if ( '' !== $value ) {
			$kept[ $taxonomy ][ $id ][ yoast_term_key( $field ) ] = $value;
		}
		update_option( 'wpseo_taxonomy_meta', $kept );
	} elseif ( '' === $value || array() === $value ) {
		delete_metadata( $of, $id, $key );
	} else {
		update_metadata( $of, $id, $key, wp_slash( $value ) );
	}
}

/**
 * What Yoast SEO calls a term's field.
 */
function yoast_term_key( $field ) {
	return 'wpseo_' . ( 'description' === $field ? 'desc' : $field );
}

/**
 * Whether a stored value says that the page is to stay out of search engines.
 */
function seo_is_noindex( $value ) {
	return is_array( $value ) ? in_array( 'noindex', $value, true ) : in_array( $value, array( '1', 'noindex' ), true );
}

/**
 * The value that says so, in its keeper's own form; Rank Math keeps it in a list with other things.
 */
function seo_noindex( $keeper, $of, $id, $key, $wanted ) {
	if ( 'rankmath' === $keeper ) {
		$kept = array_diff( array_filter( (array) get_metadata( $of, $id, $key, true ) ), array( 'index', 'noindex' ) );
		return array_merge( array( $wanted ? 'noindex' : 'index' ), array_values( $kept ) );
	}
	if ( 'yoast' === $keeper && 'term' === $of ) {
		return $wanted ? 'noindex' : '';
	}
	return $wanted ? '1' : '';
}

/**
 * The fields of what is being looked at, where it is ours to print them.
 *
 * @return array<string,string|bool>
 */
function seo_here() {
	if ( 'devskyy' !== seo_keeper() ) {
		return array();
	}
	$shown = get_queried_object();
	if ( is_singular() && $shown instanceof \WP_Post ) {
		return seo_of( 'post', $shown->ID );
	}
	return $shown instanceof \WP_Term ? seo_of( 'term', $shown->term_id ) : array();
}

/**
 * The page's title.
 */
function seo_title( $title ) {
	$seo = seo_here();
	return empty( $seo['title'] ) ? $title : esc_html( $seo['title'] );
}

/**
 * Whether search engines may list the page.
 */
function seo_robots( $robots ) {
	if ( ! empty( seo_here()['noindex'] ) ) {
		$robots['noindex'] = true;
	}
	return $robots;
}

/**
 * Description and canonical address; WordPress' own canonical address goes where there is another.
 */
function seo_head() {
	$seo = seo_here();
	if ( ! empty( $seo['description'] ) ) {
		printf( '<meta name="description" content="%s" />' . "\n", esc_attr( $seo['description'] ) );
	}
	if ( ! empty( $seo['canonical'] ) ) {
		remove_action( 'wp_head', 'rel_canonical' );
		printf( '<link rel="canonical" href="%s" />' . "\n", esc_url( $seo['canonical'] ) );
	}
}
