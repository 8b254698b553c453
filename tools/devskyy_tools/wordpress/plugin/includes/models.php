<?php
/**
 * A product's 3D model: which files, what they show and how it was made. Kept in meta of the product (or of any other
 * public post), read and set at devskyy/v1/models/{id}; viewer.php shows it.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const MODEL_META   = '_devskyy_model_';
const MODEL_FILES  = array(
	'glb'    => 'model/gltf-binary',
	'usdz'   => 'model/vnd.usdz+zip',
	'poster' => 'image/',
);
const MODEL_TEXTS  = array( 'alt', 'kind', 'sha256' );
const MODEL_SIZES  = array( 'width', 'height', 'depth' );
const MODEL_FIELDS = array( 'glb', 'usdz', 'poster', 'alt', 'kind', 'sha256', 'width', 'height', 'depth', 'ar' );

add_action( 'rest_api_init', __NAMESPACE__ . '\\register_models' );

/**
 * The arguments of a write.
 *
 * @return array<string,array<string,mixed>>
 */
function model_args() {
	$size = array(
		'type'    => 'number',
		'minimum' => 0,
		'maximum' => 50,
	);
	$file = array(
		'type'        => array( 'integer', 'string' ),
		'description' => 'Id in the media library, or an address elsewhere; empty for none.',
	);
	return array(
		'glb'    => $file,
		'usdz'   => $file,
		'poster' => $file,
		'alt'    => array(
			'type'      => 'string',
			'maxLength' => 1000,
		),
		'kind'   => array(
			'type' => 'string',
			'enum' => array( '', 'relief', 'reconstruction', 'generated' ),
		),
		'sha256' => array(
			'type'    => 'string',
			'pattern' => '^([0-9a-f]{64})?$',
		),
		'width'  => $size,
		'height' => $size,
		'depth'  => $size,
		'ar'     => array( 'type' => 'boolean' ),
	);
}

/**
 * One route: read, write and take away the model of a post.
 */
function register_models() {
	$route = static function ( $method, $callback, $args ) {
		return array(
			'methods'             => $method,
			'callback'            => __NAMESPACE__ . "\\$callback",
			'permission_callback' => __NAMESPACE__ . '\\model_allowed',
			'args'                => $args,
		);
	};
	register_rest_route(
		REST,
		'/models/(?P<id>[\d]+)',
		array(
			$route( \WP_REST_Server::READABLE, 'model_get', array() ),
			$route( \WP_REST_Server::EDITABLE, 'model_put', model_args() ),
			$route( 'DELETE', 'model_delete', array() ),
		)
	);
}

/**
 * Whoever may edit the post; it must be of a public type.
 *
 * @param \WP_REST_Request $request id.
 * @return true|\WP_Error
 */
function model_allowed( $request ) {
	$post = get_post( (int) $request['id'] );
	$type = $post ? get_post_type_object( $post->post_type ) : null;
	if ( ! $type || ! $type->public || 'attachment' === $post->post_type ) {
		return new \WP_Error( 'rest_post_invalid_id', __( 'Invalid post ID.' ), array( 'status' => 404 ) );
	}
	if ( current_user_can( 'edit_post', $post->ID ) ) {
		return true;
	}
	$message = __( 'Sorry, you are not allowed to edit this post.' );
	return new \WP_Error( 'rest_cannot_edit', $message, array( 'status' => rest_authorization_required_code() ) );
}

/**
 * The model of a post as it is kept; all empty where it has none.
 *
 * @param int $id The post's.
 * @return array<string,int|float|string|bool>
 */
function model_of( $id ) {
	$found = array();
	foreach ( MODEL_FIELDS as $field ) {
		$value = get_post_meta( $id, MODEL_META . $field, true );
		if ( isset( MODEL_FILES[ $field ] ) ) {
			$value = is_scalar( $value ) && preg_match( '/^\d{1,19}$/', (string) $value ) ? (int) $value : (string) $value;
		} elseif ( in_array( $field, MODEL_SIZES, true ) ) {
			$value = (float) $value;
		} elseif ( 'ar' === $field ) {
			$value = (bool) $value;
		} else {
			$value = (string) $value;
		}
		$found[ $field ] = $value;
	}
	return $found;
}

/**
 * Where a file is: the address of an attachment, or the address that is kept; empty for none.
 *
 * @param int|string $file  As model_of() gives it.
 * @param string     $field glb, usdz or poster.
 */
function model_url( $file, $field ) {
	if ( ! is_int( $file ) ) {
		return preg_match( '#^https?://[^\s<>"\']+$#i', $file ) ? $file : '';
	}
	if ( 0 !== strpos( (string) get_post_mime_type( $file ), MODEL_FILES[ $field ] ) ) {
		return '';
	}
	return (string) wp_get_attachment_url( $file );
}

/**
 * The answer for a post.
 *
 * @param int $id The post's.
 */
function model_shown( $id ) {
	$model = model_of( $id );
	$urls  = array();
	foreach ( MODEL_FILES as $field => $type ) {
		$urls[ $field ] = model_url( $model[ $field ], $field );
	}
	$path  = is_int( $model['glb'] ) ? get_attached_file( $model['glb'] ) : '';
	$bytes = $path && is_file( $path ) ? filesize( $path ) : 0;
	return rest_ensure_response(
		array_merge(
			array( 'id' => $id ),
			$model,
			array(
				'urls'    => $urls,
				'bytes'   => $bytes,
				'json_ld' => model_json_ld( $id ),
			)
		)
	);
}

/**
 * Read it.
 *
 * @param \WP_REST_Request $request id.
 */
function model_get( $request ) {
	return model_shown( (int) $request['id'] );
}

/**
 * Write the given fields; an empty glb takes the whole model away.
 *
 * @param \WP_REST_Request $request id and fields.
 */
function model_put( $request ) {
	$id    = (int) $request['id'];
	$model = model_of( $id );
	foreach ( MODEL_FIELDS as $field ) {
		if ( null !== $request[ $field ] ) {
			$model[ $field ] = $request[ $field ];
		}
	}
	$model['alt'] = sanitize_text_field( $model['alt'] );
	$wrong        = '' === $model['glb'] || 0 === $model['glb'] ? '' : model_wrong( $model );
	if ( $wrong ) {
		return new \WP_Error( 'devskyy_model_invalid', $wrong, array( 'status' => 400 ) );
	}
	model_save( $id, $model );
	return model_shown( $id );
}

/**
 * Take it away; the files stay in the media library.
 *
 * @param \WP_REST_Request $request id.
 */
function model_delete( $request ) {
	model_save( (int) $request['id'], array( 'glb' => '' ) );
	return model_shown( (int) $request['id'] );
}

/**
 * What is wrong with a model, in words; empty for nothing.
 *
 * @param array<string,mixed> $model As it is to be.
 */
function model_wrong( $model ) {
	foreach ( MODEL_FILES as $field => $type ) {
		$file = $model[ $field ];
		if ( '' !== $file && 0 !== $file && '' === model_url( $file, $field ) ) {
			return "$field is neither a file of that kind in the media library nor an address.";
		}
	}
	if ( '' === $model['kind'] ) {
		return 'kind says how the model was made: relief, reconstruction or generated.';
	}
	if ( 'relief' === $model['kind'] && $model['ar'] ) {
		return 'A relief has no true depth, so it is not shown in a room: ar must be false.';
	}
	return '';
}

/**
 * Keep it: empty values are not kept, and without a glb nothing is.
 *
 * @param int                 $id    The post's.
 * @param array<string,mixed> $model All fields.
 */
function model_save( $id, $model ) {
	foreach ( MODEL_FIELDS as $field ) {
		$value = empty( $model['glb'] ) ? '' : $model[ $field ];
		if ( empty( $value ) ) {
			delete_post_meta( $id, MODEL_META . $field );
		} else {
			update_post_meta( $id, MODEL_META . $field, wp_slash( $value ) );
		}
	}
	clean_post_cache( $id ); // Caching plugins drop the page then.
}

/**
 * The model for search engines (schema.org/3DModel); null for none, and for a relief, which is no model of the whole.
 *
 * @param int $id The post's.
 * @return array<string,mixed>|null
 */
function model_json_ld( $id ) {
	$model = model_of( $id );
	$files = array();
	foreach ( array( 'glb', 'usdz' ) as $field ) {
		$url = model_url( $model[ $field ], $field );
		if ( $url ) {
			$files[] = array(
				'@type'          => 'MediaObject',
				'contentUrl'     => $url,
				'encodingFormat' => MODEL_FILES[ $field ],
			);
		}
	}
	if ( ! $files || '' === model_url( $model['glb'], 'glb' ) || 'relief' === $model['kind'] ) {
		return null;
	}
	$poster = model_url( $model['poster'], 'poster' );
	return array_filter(
		array(
			'@type'        => '3DModel',
			'name'         => wp_strip_all_tags( get_the_title( $id ) ),
			'description'  => $model['alt'],
			'thumbnailUrl' => $poster,
			'encoding'     => $files,
		)
	);
}
