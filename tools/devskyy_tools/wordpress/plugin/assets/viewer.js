/* Loads the viewer from this folder when a model comes into view; for whoever saves data, when it is touched. */
( function () {
	var own = document.currentScript;
	var here = own.src.replace( /viewer\.js.*$/, 'vendor/' );
	var started = false;
	var places = self.ModelViewerElement = self.ModelViewerElement || {};

	// These two would come from elsewhere: models that need them are not published, and nobody else is asked.
	places.dracoDecoderLocation = here + 'no-draco/';
	places.ktx2TranscoderLocation = here + 'no-ktx2/';
	if ( compiles() ) {
		places.meshoptDecoderLocation = here + 'meshopt_decoder.js';
	}

	// Whether the page's policy lets WebAssembly run, which only compressed models need.
	function compiles() {
		try {
			return !! new WebAssembly.Module( new Uint8Array( [ 0, 97, 115, 109, 1, 0, 0, 0 ] ) );
		} catch ( error ) {
			return false;
		}
	}

	// model-viewer begins to compile its decoder whether a model needs it or not; where that is forbidden it says so.
	self.addEventListener( 'unhandledrejection', function ( event ) {
		var why = event.reason;
		if ( why instanceof WebAssembly.CompileError && /Content Security Policy/i.test( why.message ) ) {
			event.preventDefault();
		}
	} );

	function start() {
		var script;
		if ( started ) {
			return;
		}
		started = true;
		script = document.createElement( 'script' );
		script.type = 'module';
		script.nonce = own.nonce;
		script.src = here + 'model-viewer.min.js';
		document.head.appendChild( script );
	}

	function watch() {
		var found = document.querySelectorAll( '.devskyy-model model-viewer' );
		var saves = navigator.connection && navigator.connection.saveData;
		var seen = ! saves && 'IntersectionObserver' in self && new IntersectionObserver( function ( entries ) {
			if ( entries.some( function ( entry ) { return entry.isIntersecting; } ) ) {
				seen.disconnect();
				start();
			}
		}, { rootMargin: '200px' } );
		found.forEach( function ( one ) {
			[ 'pointerdown', 'keydown' ].forEach( function ( event ) {
				one.addEventListener( event, start, { once: true } );
			} );
			if ( seen ) {
				seen.observe( one );
			}
		} );
	}

	if ( 'loading' === document.readyState ) {
		document.addEventListener( 'DOMContentLoaded', watch );
	} else {
		watch();
	}
}() );
