// A model in the chat: gets the tool's result from the host, reads the file in parts by a tool that only pages call.
import { ask, call, connect, on, tell } from './host.js';
import { read } from './model.js';
import { Stage } from './stage.js';

const READ = 'three_d_models_read';
const at = (id) => document.getElementById(id);
const calm = window.matchMedia('(prefers-reduced-motion: reduce)');
let stage = null;
let shown = null; // the asset that is shown, or is on its way
let mode = 'inline';

function say(text) {
	at('status').textContent = text;
}

async function bytesOf(asset) {
	const parts = [];
	for (let part = 1, count = 1; part <= count; part++) {
		const given = await call(READ, { asset, part });
		count = given.parts;
		parts.push(Uint8Array.from(atob(given.base64), (one) => one.charCodeAt(0)));
		say(`Loading the model: ${part} of ${count}`);
	}
	return new Blob(parts).arrayBuffer();
}

async function open(result) {
	const given = result.structuredContent;
	if (result.isError || !given?.model) {
		say(result.content?.find((one) => one.type === 'text')?.text ?? 'There is no model in this result.');
		return;
	}
	if (shown === given.model.asset) return;
	shown = given.model.asset;
	at('canvas').setAttribute('aria-label', `3D model ${given.model.name}`);
	describe(given);
	try {
		const model = await read(await bytesOf(shown));
		stage?.close();
		stage = new Stage(at('canvas'));
		stage.show(model.scene);
		offer(model);
		turn(!calm.matches);
		at('bar').hidden = false;
		say('');
	} catch (error) {
		shown = null;
		say(`The model can't be shown: ${error.message}`);
	}
}

function describe(given) {
	const [wide, high, deep] = given.dimensions.map((metres) => `${(metres * 100).toFixed(1)}`);
	const kilobytes = Math.round(given.model.size / 1000).toLocaleString();
	const triangles = given.triangles.toLocaleString();
	at('facts').textContent = `${given.model.name}: ${wide} × ${high} × ${deep} cm, ${triangles} triangles, ${kilobytes} kB`;
	at('notice').textContent = given.notice ?? '';
	at('notice').hidden = !given.notice;
}

function offer(model) {
	const select = at('variant');
	select.replaceChildren(...model.names.map((name) => new Option(name, name)));
	at('variants').hidden = model.names.length === 0;
	const choose = async (name) => {
		await model.choose(name);
		stage.look();
	};
	select.onchange = () => choose(select.value);
	if (model.names.length) choose(model.names[0]);
}

function turn(on) {
	stage.turning = on;
	at('turn').setAttribute('aria-pressed', String(on));
}

const KEYS = {
	ArrowLeft: () => stage.move(-1, 0, 0),
	ArrowRight: () => stage.move(1, 0, 0),
	ArrowUp: () => stage.move(0, 1, 0),
	ArrowDown: () => stage.move(0, -1, 0),
	'+': () => stage.move(0, 0, 1),
	'=': () => stage.move(0, 0, 1),
	'-': () => stage.move(0, 0, -1),
	Home: () => stage.reset(),
	' ': () => turn(!stage.turning),
};

function press(event) {
	const work = KEYS[event.key];
	if (!work || !stage || event.ctrlKey || event.metaKey || event.altKey) return;
	event.preventDefault();
	if (event.key !== ' ') turn(false);
	work();
}

function adopt(context) {
	const root = document.documentElement;
	if (context.theme) root.dataset.theme = context.theme;
	for (const [name, value] of Object.entries(context.styles?.variables ?? {})) {
		if (value) root.style.setProperty(name, value);
	}
	if (context.displayMode) {
		mode = root.dataset.mode = context.displayMode;
		at('full').setAttribute('aria-pressed', String(mode === 'fullscreen'));
	}
	if (context.availableDisplayModes) at('full').hidden = !context.availableDisplayModes.includes('fullscreen');
}

async function widen() {
	const given = await ask('ui/request-display-mode', { mode: mode === 'fullscreen' ? 'inline' : 'fullscreen' });
	adopt({ displayMode: given.mode });
}

at('canvas').addEventListener('keydown', press);
at('canvas').addEventListener('pointerdown', () => stage && turn(false));
at('turn').onclick = () => turn(!stage.turning);
at('reset').onclick = () => {
	turn(false);
	stage.reset();
};
at('full').onclick = widen;
on('ui/notifications/tool-result', (result) => void open(result));
on('ui/notifications/tool-cancelled', () => say('The call was cancelled.'));
on('ui/notifications/host-context-changed', adopt);
on('ui/resource-teardown', () => stage?.close());
new ResizeObserver(() => {
	const { width, height } = document.querySelector('main').getBoundingClientRect();
	tell('ui/notifications/size-changed', { width: Math.ceil(width), height: Math.ceil(height) });
}).observe(document.querySelector('main'));
connect({ name: 'devskyy-model-viewer', version: '1.0.0' }, ['inline', 'fullscreen']).then((welcome) =>
	adopt(welcome.hostContext ?? {}),
);
