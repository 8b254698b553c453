// Draws the model, lit by a neutral room, and turns it: by hand, by key, or by itself.
import {
	Box3, NeutralToneMapping, PMREMGenerator, PerspectiveCamera, Scene, Sphere, Vector3, WebGLRenderer,
} from 'three';
import { OrbitControls } from 'three/examples/jsm/controls/OrbitControls.js';
import { RoomEnvironment } from 'three/examples/jsm/environments/RoomEnvironment.js';

const STEP = Math.PI / 12;
const CLOSER = 0.85;
const FIELD = 30; // degrees, vertically

export class Stage {
	constructor(canvas) {
		this.canvas = canvas;
		this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true });
		this.renderer.toneMapping = NeutralToneMapping;
		this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
		this.scene = new Scene();
		const maker = new PMREMGenerator(this.renderer);
		this.scene.environment = maker.fromScene(new RoomEnvironment(), 0.04).texture;
		maker.dispose();
		this.camera = new PerspectiveCamera(FIELD, 1, 0.01, 100);
		this.controls = new OrbitControls(this.camera, canvas);
		this.controls.enableDamping = true;
		this.controls.enablePan = false;
		this.controls.autoRotateSpeed = 4; // a round in 15 seconds
		this.controls.addEventListener('change', () => this.look());
		new ResizeObserver(() => this.resize()).observe(canvas);
		this.stale = true;
		this.before = performance.now();
		this.renderer.setAnimationLoop((now) => this.frame(now));
	}

	show(model) {
		this.scene.add(model);
		const sphere = new Box3().setFromObject(model).getBoundingSphere(new Sphere());
		this.radius = Math.max(sphere.radius, 1e-4);
		this.controls.target.copy(sphere.center);
		this.reset();
	}

	/** From the front, a little from above, as far off as it is seen whole. */
	reset() {
		const narrow = Math.min(1, this.camera.aspect);
		const far = (this.radius * 1.1) / Math.sin((FIELD * Math.PI) / 360) / narrow;
		this.camera.near = far / 100;
		this.camera.far = far * 10;
		this.controls.minDistance = this.radius * 1.05;
		this.controls.maxDistance = far * 3;
		this.camera.position.copy(this.controls.target).add(new Vector3(0, 0.15, 1).normalize().multiplyScalar(far));
		this.camera.updateProjectionMatrix();
		this.controls.update();
		this.look();
	}

	get turning() {
		return this.controls.autoRotate;
	}

	set turning(on) {
		this.controls.autoRotate = on;
		this.look();
	}

	/** Turn by steps to the right and up, and come closer (above 0) or go away. */
	move(right, up, closer) {
		const from = this.camera.position.clone().sub(this.controls.target);
		const far = from.length() * CLOSER ** closer;
		const azimuth = Math.atan2(from.x, from.z) + right * STEP;
		const height = Math.asin(from.y / from.length()) + up * STEP;
		const polar = Math.min(Math.max(Math.PI / 2 - height, 0.01), Math.PI - 0.01);
		from.setFromSphericalCoords(Math.min(Math.max(far, this.controls.minDistance), this.controls.maxDistance), polar, azimuth);
		this.camera.position.copy(this.controls.target).add(from);
		this.controls.update();
		this.look();
	}

	look() {
		this.stale = true;
	}

	resize() {
		const { clientWidth: width, clientHeight: height } = this.canvas;
		if (!width || !height) return;
		this.renderer.setSize(width, height, false);
		this.camera.aspect = width / height;
		this.camera.updateProjectionMatrix();
		this.look();
	}

	frame(now) {
		const seconds = Math.min((now - this.before) / 1000, 0.1);
		this.before = now;
		this.controls.update(seconds);
		if (!this.stale) return;
		this.stale = false;
		this.renderer.render(this.scene, this.camera);
		const turned = Math.round((this.controls.getAzimuthalAngle() * 180) / Math.PI);
		this.canvas.dataset.turned = String(turned);
	}

	close() {
		this.renderer.setAnimationLoop(null);
		this.controls.dispose();
		this.renderer.dispose();
	}
}
