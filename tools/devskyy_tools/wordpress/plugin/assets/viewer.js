/* Loads the viewer from this folder when a model comes into view; for whoever saves data, when it is touched. */
( function () {
	var own = document.currentScript;
	var here = own.src.replace( /viewer\.js.*$/, 'vendor/' );
	var started = false;
	var places = self.ModelViewerElement = self.ModelViewerElement || {};

	places.meshoptDecoderLocation = here + 'meshopt_decoder.js';
	// These two would come from elsewhere: models that need them are not published, and nobody else is asked.
	places.dracoDecoderLocation = here + 'no-draco/';
	places.ktx2TranscoderLocation = here + 'no-ktx2/';

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
