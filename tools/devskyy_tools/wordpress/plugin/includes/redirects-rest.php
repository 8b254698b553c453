<?php
/**
 * The redirects' REST routes at devskyy/v1/redirects; redirects.php follows them.
 *
 * @package DevSkyy
 */

namespace DevSkyy;

defined( 'ABSPATH' ) || exit;

add_action(
	'rest_api_init',
	static function () {
		( new Redirects() )->register_routes();
	}
);

/**
 * The REST routes: list, read, make, change, bin and delete, for those who may edit others' pages.
 */
class Redirects extends \WP_REST_Controller {

	/**
	 * Where it is.
	 */
	public function __construct() {
		$this->namespace = REST;
		$this->rest_base = 'redirects';
	}

	/**
	 * Two routes, as every collection of WordPress has.
	 */
	public function register_routes() {
		$check = static function () {
			return allowed( 'edit_others_pages' );
		};
		$route = static function ( $method, $callback, $args ) use ( $check ) {
			return array(
				'methods'             => $method,
				'callback'            => $callback,
				'permission_callback' => $check,
				'args'                => $args,
			);
		};
		$all   = array( $this, 'get_items' );
		register_rest_route(
			$this->namespace,
			"/$this->rest_base",
			array(
				$route( \WP_REST_Server::READABLE, $all, $this->get_collection_params() ),
				$route( 'POST', array( $this, 'create_item' ), $this->get_endpoint_args_for_item_schema( 'POST' ) ),
				'schema' => array( $this, 'get_public_item_schema' ),
			)
		);
		$edits = \WP_REST_Server::EDITABLE;
		$force = array(
			'force' => array(
				'type'    => 'boolean',
				'default' => false,
			),
		);
		register_rest_route(
			$this->namespace,
			"/$this->rest_base/(?P<id>[\d]+)",
			array(
				$route( \WP_REST_Server::READABLE, array( $this, 'get_item' ), array() ),
				$route( $edits, array( $this, 'update_item' ), $this->get_endpoint_args_for_item_schema( $edits ) ),
				$route( 'DELETE', array( $this, 'delete_item' ), $force ),
				'schema' => array( $this, 'get_public_item_schema' ),
			)
		);
	}

	/**
	 * A page of the list, by id.
	 *
	 * @param \WP_REST_Request $request page, per_page, search, status, source, include.
	 */
	public function get_items( $request ) {
		global $wpdb;
		$where  = array( 'trash' === $request['status'] ? 'live IS NULL' : 'live IS NOT NULL' );
		$values = array();
		if ( $request['search'] ) {
			$like    = '%' . $wpdb->esc_like( $request['search'] ) . '%';
			$where[] = '(source LIKE %s OR target LIKE %s)';
			$values  = array( $like, $like );
		}
		if ( $request['source'] ) {
			$where[]  = 'source = %s';
			$values[] = path_of( $request['source'] );
		}
		if ( $request['include'] ) {
			$where[] = 'id IN (' . implode( ',', array_map( 'absint', $request['include'] ) ) . ')';
		}
		$from     = ' FROM ' . table() . ' WHERE ' . implode( ' AND ', $where );
		$cut      = array( $request['per_page'], ( $request['page'] - 1 ) * $request['per_page'] );
		// phpcs:disable WordPress.DB.PreparedSQL -- $from holds our own words and placeholders.
		$rows  = $wpdb->get_results( $wpdb->prepare( "SELECT *$from ORDER BY id LIMIT %d OFFSET %d", array_merge( $values, $cut ) ) );
		$total = (int) $wpdb->get_var( $values ? $wpdb->prepare( "SELECT COUNT(*)$from", $values ) : "SELECT COUNT(*)$from" );
		// phpcs:enable
		$answer = rest_ensure_response( array_map( array( $this, 'show' ), $rows ) );
		$answer->header( 'X-WP-Total', (string) $total );
		$answer->header( 'X-WP-TotalPages', (string) ceil( $total / $request['per_page'] ) );
		return $answer;
	}

	/**
	 * One redirect.
	 *
	 * @param \WP_REST_Request $request id.
	 */
	public function get_item( $request ) {
		$row = $this->find( $request['id'] );
		return is_wp_error( $row ) ? $row : rest_ensure_response( $this->show( $row ) );
	}

	/**
	 * A new one.
	 *
	 * @param \WP_REST_Request $request source, target, code.
	 */
	public function create_item( $request ) {
		global $wpdb;
		$row = $this->checked( $request, null );
		if ( is_wp_error( $row ) ) {
			return $row;
		}
		$wpdb->suppress_errors(); // Where somebody else was faster the database refuses it, which is no error of the site's.
		if ( ! $wpdb->insert( table(), $row ) ) {
			return $this->taken( $row['source'] );
		}
		$answer = rest_ensure_response( $this->show( $this->find( $wpdb->insert_id ) ) );
		$answer->set_status( 201 );
		$answer->header( 'Location', rest_url( "$this->namespace/$this->rest_base/$wpdb->insert_id" ) );
		return $answer;
	}

	/**
	 * Change one, or bring it back from the bin with the status active.
	 *
	 * @param \WP_REST_Request $request id, source, target, code, status.
	 */
	public function update_item( $request ) {
		global $wpdb;
		$present = $this->find( $request['id'] );
		$row     = is_wp_error( $present ) ? $present : $this->checked( $request, $present );
		if ( is_wp_error( $row ) ) {
			return $row;
		}
		$wpdb->suppress_errors();
		if ( false === $wpdb->update( table(), $row, array( 'id' => $present->id ) ) ) {
			return $this->taken( $row['source'] );
		}
		return $this->get_item( $request );
	}

	/**
	 * Into the bin, or for good with `force`.
	 *
	 * @param \WP_REST_Request $request id, force.
	 */
	public function delete_item( $request ) {
		global $wpdb;
		$present = $this->find( $request['id'] );
		if ( is_wp_error( $present ) ) {
			return $present;
		}
		if ( $request['force'] ) {
			$wpdb->delete( table(), array( 'id' => $present->id ) );
			return rest_ensure_response(
				array(
					'deleted'  => true,
					'previous' => $this->show( $present ),
				)
			);
		}
		if ( null === $present->live ) {
			return new \WP_Error( 'rest_already_trashed', 'The redirect is in the bin already.', array( 'status' => 410 ) );
		}
		$wpdb->update( table(), array( 'live' => null ), array( 'id' => $present->id ) );
		return $this->get_item( $request );
	}

	/**
	 * The row, or the error that there is none.
	 *
	 * @param int $id Its id.
	 */
	private function find( $id ) {
		global $wpdb;
		// phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- the table's name is ours.
		$row = $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM ' . table() . ' WHERE id = %d', $id ) );
		return $row ? $row : new \WP_Error( 'devskyy_redirect_invalid_id', 'Invalid redirect ID.', array( 'status' => 404 ) );
	}

	/**
	 * The row as it is to be, or why it can't.
	 *
	 * @param \WP_REST_Request $request What is asked.
	 * @param object|null      $present The row as it is.
	 */
	private function checked( $request, $present ) {
		$source = path_of( $request['source'] ?? $present->source );
		$target = isset( $request['target'] ) ? $this->target( trim( $request['target'] ) ) : $present->target;
		$code   = (int) ( $request['code'] ?? $present->code ?? 301 );
		$was    = $present && null === $present->live ? 'trash' : 'active';
		$live   = 'active' === ( $request['status'] ?? $was );
		$row    = array(
			'source' => $source,
			'target' => $target,
			'code'   => $code,
			'live'   => $live ? md5( $source ) : null,
		);
		if ( isset( $request['source'] ) && ! preg_match( '#^/[^/\\\\?\#][^\\\\?\#]*$#', $request['source'] ) ) {
			return $this->refusal( 'invalid_source', 'The source is a path on this site, such as /old, without a query.' );
		}
		if ( preg_match( KEPT_FREE, $source ) ) {
			return $this->refusal( 'invalid_source', 'That path is one that WordPress itself needs.' );
		}
		if ( '' === $target ) {
			return $this->refusal( 'invalid_target', 'The target is a path on this site, or an address on a host that allowed_redirect_hosts names.' );
		}
		if ( ! $live ) {
			return $row;
		}
		$other = redirect_of( $source );
		if ( $other && ( ! $present || (int) $other->id !== (int) $present->id ) ) {
			return $this->taken( $source );
		}
		if ( null === end_of( $target, $source, $present ? (int) $present->id : 0 ) ) {
			return $this->refusal( 'loop', 'That would lead in a circle, or over more than five redirects.' );
		}
		return $row;
	}

	/**
	 * The target as it is kept; empty for one that leads to a stranger.
	 *
	 * @param string $target As asked.
	 */
	private function target( $target ) {
		if ( preg_match( '#^/(?![/\\\\])[^\\\\\s<>"\']*$#', $target ) ) {
			return $target;
		}
		if ( ! preg_match( '#^https?://[^\\\\\s<>"\'@]+$#i', $target ) ) {
			return '';
		}
		return wp_validate_redirect( $target, '' );
	}

	/**
	 * The refusal of a source that another redirect has.
	 *
	 * @param string $source The path.
	 */
	private function taken( $source ) {
		$other = redirect_of( $source );
		$data  = array(
			'status'      => 409,
			'resource_id' => $other ? (int) $other->id : 0,
		);
		return new \WP_Error( 'devskyy_redirect_exists', 'There is a redirect of that path.', $data );
	}

	/**
	 * A refusal of what was asked.
	 *
	 * @param string $code    What kind.
	 * @param string $message In words.
	 */
	private function refusal( $code, $message ) {
		return new \WP_Error( "devskyy_redirect_$code", $message, array( 'status' => 400 ) );
	}

	/**
	 * A row as JSON.
	 *
	 * @param object $row From the table.
	 */
	public function show( $row ) {
		return array(
			'id'     => (int) $row->id,
			'source' => $row->source,
			'target' => $row->target,
			'code'   => (int) $row->code,
			'status' => null === $row->live ? 'trash' : 'active',
		);
	}

	/**
	 * List parameters: WordPress' own, and two of ours.
	 */
	public function get_collection_params() {
		return array_merge(
			parent::get_collection_params(),
			array(
				'status'  => array(
					'type'    => 'string',
					'enum'    => array( 'active', 'trash' ),
					'default' => 'active',
				),
				'source'  => array( 'type' => 'string' ),
				'include' => array(
					'type'    => 'array',
					'items'   => array( 'type' => 'integer' ),
					'default' => array(),
				),
			)
		);
	}

	/**
	 * What a redirect is.
	 */
	public function get_item_schema() {
		$both = array( 'view', 'edit' );
		return array(
			'$schema'    => 'http://json-schema.org/draft-04/schema#',
			'title'      => 'redirect',
			'type'       => 'object',
			'properties' => array(
				'id'     => array(
					'type'     => 'integer',
					'context'  => $both,
					'readonly' => true,
				),
				'source' => array(
					'description' => 'Path on this site that visitors ask for.',
					'type'        => 'string',
					'maxLength'   => 1000,
					'context'     => $both,
					'required'    => true,
				),
				'target' => array(
					'description' => 'Where they are sent: a path on this site, or an address on an allowed host.',
					'type'        => 'string',
					'maxLength'   => 1000,
					'context'     => $both,
					'required'    => true,
				),
				'code'   => array(
					'description' => '301 for good, 302 for a while.',
					'type'        => 'integer',
					'enum'        => array( 301, 302 ),
					'context'     => $both,
				),
				'status' => array(
					'description' => 'Whether it works.',
					'type'        => 'string',
					'enum'        => array( 'active', 'trash' ),
					'context'     => $both,
				),
			),
		);
	}
}
