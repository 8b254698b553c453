// Reads a GLB without any request of the network, not even to blob: and data:, which the page's policy forbids.
import { Texture } from 'three';
import { GLTFLoader } from 'three/examples/jsm/loaders/GLTFLoader.js';
import { MeshoptDecoder } from '../node_modules/meshoptimizer/meshopt_decoder_reference.js'; // no WebAssembly, which it forbids as well

const VARIANTS = 'KHR_materials_variants';
const PICTURES = { premultiplyAlpha: 'none', colorSpaceConversion: 'none' };

/** Textures straight from the file's bytes; the loader's own way is a request to blob:. */
function inlinePictures(parser) {
	parser.loadImageSource = async (index) => {
		const image = parser.json.images[index];
		if (image.bufferView === undefined) throw new Error('Pictures outside the file are not loaded.');
		parser.sourceCache[index] ??= parser
			.getDependency('bufferView', image.bufferView)
			.then((bytes) => createImageBitmap(new Blob([bytes], { type: image.mimeType }), PICTURES));
		const texture = new Texture(await parser.sourceCache[index]);
		texture.needsUpdate = true;
		texture.userData.mimeType = image.mimeType;
		return texture;
	};
	return { name: 'devskyy_inline_pictures' };
}

/** The model in a GLB: its scene, the names of its variants, and `choose(name)`, null for the materials of its own. */
export async function read(bytes) {
	const loader = new GLTFLoader().register(inlinePictures).setMeshoptDecoder(MeshoptDecoder);
	const { scene, parser } = await loader.parseAsync(bytes, '');
	const names = (parser.json.extensions?.[VARIANTS]?.variants ?? []).map((one) => one.name);
	return { scene, names, choose: (name) => choose(scene, parser, name === null ? -1 : names.indexOf(name)) };
}

async function choose(scene, parser, variant) {
	const meshes = [];
	scene.traverse((one) => one.isMesh && meshes.push(one));
	await Promise.all(
		meshes.map(async (mesh) => {
			const known = parser.associations.get(mesh);
			if (known?.meshes === undefined) return;
			mesh.userData.own ??= mesh.material;
			const primitive = parser.json.meshes[known.meshes].primitives[known.primitives ?? 0];
			const mapping = primitive.extensions?.[VARIANTS]?.mappings.find((one) => one.variants.includes(variant));
			mesh.material = mapping ? await parser.getDependency('material', mapping.material) : mesh.userData.own;
			if (mapping) parser.assignFinalMaterial(mesh);
		}),
	);
}
