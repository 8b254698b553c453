/*
 * Works out this visitor's variant of each test of this page from a random id in a cookie, shows it while the page is read,
 * before anything of it is painted, and says so to this site. Who did not agree keeps no cookie and sees the page as it is.
 */
( function () {
	var data = document.getElementById( 'devskyy-variants-data' );
	var told = data ? JSON.parse( data.textContent ) : { tests: [] };
	var places = {
		name: 'h1.product_title, h1.wp-block-post-title, h1.entry-title',
		short_description: '.woocommerce-product-details__short-description, .wp-block-post-excerpt',
		picture: '.woocommerce-product-gallery__image:first-child img, .wp-block-post-featured-image img, img.wp-post-image',
		model: '.devskyy-model'
	};

	/* The first 32 bits of SHA-256 (FIPS 180-4). crypto.subtle answers late, and only where there is HTTPS. */
	function hash( text ) {
		var bytes = new TextEncoder().encode( text );
		var blocks = ( ( bytes.length + 72 ) >> 6 ) * 16;
		var words = new Uint32Array( blocks );
		var primes = [], state = [], constants = [], w = new Uint32Array( 64 ), at, i, n;
		for ( n = 2; primes.length < 64; n++ ) {
			if ( primes.every( function ( one ) { return n % one; } ) ) {
				primes.push( n );
				constants.push( ( Math.cbrt( n ) % 1 ) * 4294967296 | 0 );
				state.push( ( Math.sqrt( n ) % 1 ) * 4294967296 | 0 );
			}
		}
		state.length = 8;
		bytes.forEach( function ( byte, place ) { words[ place >> 2 ] |= byte << 24 - 8 * ( place & 3 ); } );
		words[ bytes.length >> 2 ] |= 128 << 24 - 8 * ( bytes.length & 3 );
		words[ blocks - 1 ] = bytes.length * 8;
		function turned( x, by ) { return x >>> by | x << 32 - by; }
		for ( at = 0; at < blocks; at += 16 ) {
			var s = state.slice();
			for ( i = 0; i < 64; i++ ) {
				var x = w[ i - 15 ], y = w[ i - 2 ], a = s[ 0 ], e = s[ 4 ];
				w[ i ] = i < 16 ? words[ at + i ] : w[ i - 16 ] + w[ i - 7 ] +
					( turned( x, 7 ) ^ turned( x, 18 ) ^ x >>> 3 ) + ( turned( y, 17 ) ^ turned( y, 19 ) ^ y >>> 10 );
				var one = s[ 7 ] + ( turned( e, 6 ) ^ turned( e, 11 ) ^ turned( e, 25 ) ) + ( e & s[ 5 ] ^ ~e & s[ 6 ] ) + constants[ i ] + w[ i ];
				var two = ( turned( a, 2 ) ^ turned( a, 13 ) ^ turned( a, 22 ) ) + ( a & s[ 1 ] ^ a & s[ 2 ] ^ s[ 1 ] & s[ 2 ] );
				s = [ one + two | 0, a, s[ 1 ], s[ 2 ], s[ 3 ] + one | 0, e, s[ 5 ], s[ 6 ] ];
			}
			state = state.map( function ( old, place ) { return old + s[ place ] | 0; } );
		}
		return state[ 0 ] >>> 0;
	}

	function variantOf( test, unit ) {
		var sum = test.variants.reduce( function ( all, one ) { return all + one.weight; }, 0 );
		var at = Math.floor( hash( test.salt + ':' + unit ) * sum / 4294967296 );
		return test.variants.find( function ( one ) {
			at -= one.weight;
			return at < 0;
		} );
	}

	function takesPart( test, unit ) {
		var bucket = test.layer ? Math.floor( hash( 'layer:' + test.layer + ':' + unit ) * 10000 / 4294967296 ) : 0;
		return ! test.layer || ( test.slice[ 0 ] <= bucket && bucket < test.slice[ 1 ] );
	}

	function cookie( name, pattern ) {
		var found = document.cookie.match( new RegExp( '(?:^|; )' + name + '=(' + pattern + ')' ) );
		return found ? found[ 1 ] : null;
	}

	function agreed() {
		var rule = told.consent, value;
		if ( navigator.globalPrivacyControl ) {
			return false;
		}
		if ( 'api' === rule ) {
			if ( ! window.wp_has_consent ) {
				return false;
			}
			if ( window.waitfor_consent_hook && ! window.wp_consent_type ) { // Its banner has not said yet what holds here.
				return 'allow' === cookie( window.consent_api.cookie_prefix + '_statistics', '[^;]*' );
			}
			return window.wp_has_consent( 'statistics' );
		}
		if ( ! rule ) {
			return true;
		}
		value = cookie( rule.cookie, '[^;]*' );
		try {
			return null !== value && decodeURIComponent( value ).indexOf( rule.text ) >= 0;
		} catch ( malformed ) {
			return false;
		}
	}

	function kept() {
		return cookie( told.cookie, '[a-f0-9]{32}' );
	}

	function keep( value, seconds ) {
		document.cookie = told.cookie + '=' + value + '; Max-Age=' + seconds + '; SameSite=Lax; Path=' + told.path +
			( 'https:' === location.protocol ? '; Secure' : '' );
	}

	function unitOf() {
		var fresh = Array.from( crypto.getRandomValues( new Uint8Array( 16 ) ), function ( one ) {
			return ( 256 + one ).toString( 16 ).slice( 1 );
		} ).join( '' );
		keep( kept() || fresh, 7776000 );
		return kept();
	}

	/* Whether this tab has said it: a second time would not count, and only cost a request. */
	function said( test ) {
		try {
			var before = sessionStorage.getItem( told.cookie + test.key );
			sessionStorage.setItem( told.cookie + test.key, '1' );
			return !! before;
		} catch ( refused ) {
			return false;
		}
	}

	/* The large picture of WooCommerce's gallery, behind zoom and link, is another address. */
	function showPicture( one, address ) {
		var link = one.closest( '.woocommerce-product-gallery a' );
		one.removeAttribute( 'srcset' );
		one.src = address;
		if ( link && /^https?:\/\//i.test( address ) ) { // Of a javascript: address a link would run.
			link.href = address;
			one.setAttribute( 'data-src', address );
			one.setAttribute( 'data-large_image', address );
			one.addEventListener( 'load', function () {
				one.setAttribute( 'data-large_image_width', one.naturalWidth );
				one.setAttribute( 'data-large_image_height', one.naturalHeight );
			}, { once: true } );
		}
	}

	/* Changes only what is not so yet: it is called for each part of the page that comes. */
	function show() {
		shown.forEach( function ( pair ) {
			var content = pair.variant.content;
			( content ? document.querySelectorAll( places[ pair.test.place ] ) : [] ).forEach( function ( one ) {
				if ( 'model' === pair.test.place ) {
					one.hidden = 'off' === content;
				} else if ( 'picture' === pair.test.place ) {
					if ( one.getAttribute( 'src' ) !== content ) {
						showPicture( one, content );
					}
				} else if ( one.textContent !== content ) {
					one.textContent = content;
				}
			} );
		} );
	}

	function tell() {
		show();
		shown.forEach( function ( pair ) {
			if ( ! said( pair.test ) ) {
				navigator.sendBeacon( told.beacon, new URLSearchParams( { test: pair.test.key, unit: unit } ) );
			}
		} );
	}

	var unit = '', shown = [], watch;
	if ( ! told.tests.length ) {
		return;
	}
	if ( ! agreed() ) {
		if ( kept() ) { // Agreed once, and no more.
			keep( '', 0 );
		}
		return;
	}
	unit = unitOf();
	if ( ! unit ) { // Without cookies each page would count anew.
		return;
	}
	told.tests.forEach( function ( test ) {
		if ( takesPart( test, unit ) ) {
			var variant = variantOf( test, unit );
			shown.push( { test: test, variant: variant } );
			document.documentElement.setAttribute( 'data-devskyy-' + test.key, variant.key );
		}
	} );
	if ( 'loading' !== document.readyState ) {
		tell();
		return;
	}
	watch = new MutationObserver( show );
	watch.observe( document.documentElement, { childList: true, characterData: true, subtree: true } );
	document.addEventListener( 'DOMContentLoaded', function () {
		watch.disconnect();
		tell();
	} );
}() );
