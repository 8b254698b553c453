/* The block in the editor: which product's model it shows; the page shows the model itself. */
( function ( blocks, editor, components, element, i18n ) {
	var el = element.createElement;
	blocks.registerBlockType( 'devskyy/model-viewer', {
		apiVersion: 3,
		title: i18n.__( '3D model', 'devskyy' ),
		category: 'media',
		icon: 'format-image',
		attributes: { id: { type: 'integer', default: 0 } },
		usesContext: [ 'postId' ],
		supports: { html: false },
		edit: function ( props ) {
			var id = props.attributes.id;
			return el( 'div', editor.useBlockProps(), el( components.Placeholder, {
				label: i18n.__( '3D model', 'devskyy' ),
				instructions: i18n.__( 'Id of the product whose model is shown; empty for the one of this page.', 'devskyy' )
			}, el( components.TextControl, {
				label: i18n.__( 'Product', 'devskyy' ),
				type: 'number',
				min: 0,
				value: id || '',
				__nextHasNoMarginBottom: true,
				__next40pxDefaultSize: true,
				onChange: function ( value ) {
					props.setAttributes( { id: parseInt( value, 10 ) || 0 } );
				}
			} ) ) );
		},
		save: function () {
			return null;
		}
	} );
}( window.wp.blocks, window.wp.blockEditor, window.wp.components, window.wp.element, window.wp.i18n ) );
