<?php
/**
 * GLB and USDZ files in the media library. Only what the bytes say counts, never the name alone.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

const MODELS = array(
	'glb'  => 'model/gltf-binary',
	'usdz' => 'model/vnd.usdz+zip',
);

add_filter( 'upload_mimes', __NAMESPACE__ . '\\allow_models' );
add_filter( 'wp_check_filetype_and_ext', __NAMESPACE__ . '\\check_model', 10, 3 );

/**
 * Add the two types to those that may be uploaded; who may upload is WordPress' to say.
 *
 * @param array<string,string> $types Media type by ending.
 */
function allow_models( $types ) {
	return array_merge( $types, MODELS );
}

/**
 * Take a 3D file when its bytes are what its name says, and refuse it otherwise.
 *
 * WordPress asks PHP's fileinfo, which takes a GLB for application/octet-stream and a USDZ for a zip.
 *
 * @param array<string,string|false> $found What WordPress found: ext, type, proper_filename.
 * @param string                     $file  Where the bytes are.
 * @param string                     $name  What the file is called.
 */
function check_model( $found, $file, $name ) {
	$ending = strtolower( pathinfo( $name, PATHINFO_EXTENSION ) );
	if ( ! isset( MODELS[ $ending ] ) ) {
		return $found;
	}
	$good = 'glb' === $ending ? is_glb( $file ) : is_usdz( $file );
	return array(
		'ext'             => $good ? $ending : false,
		'type'            => $good ? MODELS[ $ending ] : false,
		'proper_filename' => false,
	);
}

/**
 * Whether the file is a binary glTF 2.0: header, its own length, and JSON as the first chunk (glTF 2.0, section 4.4).
 *
 * @param string $file Path.
 */
function is_glb( $file ) {
	$start = (string) file_get_contents( $file, false, null, 0, 21 );
	if ( strlen( $start ) < 21 || 'glTF' !== substr( $start, 0, 4 ) ) {
		return false;
	}
	$head = unpack( 'Vversion/Vlength/Vchunk', substr( $start, 4, 12 ) );
	return 2 === $head['version']
		&& filesize( $file ) === $head['length']
		&& 20 + $head['chunk'] <= $head['length']
		&& 'JSON' === substr( $start, 16, 4 )
		&& '{' === $start[20];
}

/**
 * Whether the file is a USDZ: a zip of stored entries, the first of them a USD layer at a multiple of 64 bytes
 * (USDZ specification 1.3, "Layout").
 *
 * @param string $file Path.
 */
function is_usdz( $file ) {
	$start = (string) file_get_contents( $file, false, null, 0, 1024 );
	if ( strlen( $start ) < 30 || "PK\x03\x04" !== substr( $start, 0, 4 ) ) {
		return false;
	}
	$head  = unpack( 'vflags/vmethod', substr( $start, 6, 4 ) );
	$sizes = unpack( 'vname/vextra', substr( $start, 26, 4 ) );
	$name  = substr( $start, 30, $sizes['name'] );
	if ( 0 !== $head['method'] || 0 !== ( $head['flags'] & 0x0009 ) ) { // Compressed, encrypted, or sizes told later.
		return false;
	}
	if ( ! preg_match( '/\.usd[ac]?$/i', $name ) || 0 !== ( 30 + $sizes['name'] + $sizes['extra'] ) % 64 ) {
		return false;
	}
	$end = (string) file_get_contents( $file, false, null, max( 0, filesize( $file ) - 65557 ) );
	return false !== strrpos( $end, "PK\x05\x06" );
}
