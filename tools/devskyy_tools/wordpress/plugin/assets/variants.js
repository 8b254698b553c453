/* Draws a variant of each test of this page once, keeps its name in a cookie, shows it, and says so to this site. */
( function () {
	var data = document.getElementById( 'devskyy-variants-data' );
	var told = data ? JSON.parse( data.textContent ) : { tests: [] };
	var places = {
		name: 'h1.product_title, h1.wp-block-post-title, h1.entry-title',
		short_description: '.woocommerce-product-details__short-description, .wp-block-post-excerpt',
		model: '.devskyy-model'
	};

	function kept( test ) {
		var found = document.cookie.match( new RegExp( '(?:^|; )devskyy_v_' + test.key + '=([a-z0-9_-]+)' ) );
		return found && test.variants.find( function ( one ) { return one.key === found[ 1 ]; } );
	}

	function drawn( test ) {
		var sum = test.variants.reduce( function ( all, one ) { return all + one.weight; }, 0 );
		var at = Math.random() * sum;
		return test.variants.find( function ( one ) {
			at -= one.weight;
			return at < 0;
		} );
	}

	function keep( test, variant ) {
		document.cookie = 'devskyy_v_' + test.key + '=' + variant.key + '; Max-Age=7776000; SameSite=Lax; Path=' + told.path +
			( 'https:' === location.protocol ? '; Secure' : '' );
	}

	function show( test, variant ) {
		document.documentElement.setAttribute( 'data-devskyy-' + test.key, variant.key );
		if ( ! variant.content ) {
			return;
		}
		document.querySelectorAll( places[ test.place ] ).forEach( function ( one ) {
			if ( 'model' === test.place ) {
				one.hidden = 'off' === variant.content;
			} else {
				one.textContent = variant.content;
			}
		} );
	}

	told.tests.forEach( function ( test ) {
		var before = kept( test );
		var variant = before || drawn( test );
		if ( navigator.globalPrivacyControl ) { // Nothing is kept of whoever asks for that, and nothing counted.
			return;
		}
		show( test, variant );
		if ( before ) {
			return;
		}
		keep( test, variant );
		if ( kept( test ) ) { // Without cookies each page would count anew.
			navigator.sendBeacon( told.beacon, new URLSearchParams( { test: test.key, variant: variant.key } ) );
		}
	} );
}() );
