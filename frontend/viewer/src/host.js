// The protocol of MCP Apps, 2026-01-26: JSON-RPC 2.0 by postMessage with the frame around this page.
const VERSION = '2026-01-26';
const waiting = new Map();
const heard = new Map();
let last = 0;

function send(message) {
	window.parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
}

/** Ask the host; its result, or an Error with its message. */
export function ask(method, params) {
	const id = ++last;
	return new Promise((resolve, reject) => {
		waiting.set(id, { resolve, reject });
		send({ id, method, params });
	});
}

export function tell(method, params = {}) {
	send({ method, params });
}

/** What is done when the host says something; of a request it gives the result. */
export function on(method, work) {
	heard.set(method, work);
}

/** Shake hands; gives what the host says of itself. */
export async function connect(appInfo, modes) {
	window.addEventListener('message', receive);
	on('ping', () => ({}));
	const appCapabilities = { availableDisplayModes: modes };
	const welcome = await ask('ui/initialize', { protocolVersion: VERSION, appInfo, appCapabilities });
	tell('ui/notifications/initialized');
	return welcome;
}

/** Call a tool of the server that this page is from; its structured content. */
export async function call(name, given) {
	const result = await ask('tools/call', { name, arguments: given });
	if (result.isError) {
		throw new Error(result.content?.find((one) => one.type === 'text')?.text ?? `${name} refused.`);
	}
	return result.structuredContent;
}

async function receive(event) {
	const message = event.data;
	if (event.source !== window.parent || message?.jsonrpc !== '2.0') return;
	if (message.method === undefined) {
		settle(message);
		return;
	}
	const work = heard.get(message.method);
	const result = work && (await work(message.params ?? {}));
	if (message.id === undefined) return;
	if (work) send({ id: message.id, result: result ?? {} });
	else send({ id: message.id, error: { code: -32601, message: 'Method not found' } });
}

function settle(message) {
	const asked = waiting.get(message.id);
	waiting.delete(message.id);
	if (message.error) asked?.reject(new Error(message.error.message));
	else asked?.resolve(message.result);
}
