// Builds the page into one file: `node build.mjs [FILE]`. What it writes depends on the sources and the lock alone.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = process.argv[2] ?? here('../../tools/devskyy_tools/three_d/viewer.html');
const settings = { bundle: true, minify: true, write: false, legalComments: 'none', logLevel: 'warning' };

const script = await build({ ...settings, entryPoints: [here('src/main.js')], format: 'iife', target: 'es2022' });
const style = await build({ ...settings, entryPoints: [here('src/style.css')] });
const licences = await Promise.all(
	[['three.js', 'three/LICENSE'], ['meshoptimizer', 'meshoptimizer/LICENSE.md']].map(
		async ([name, path]) => `${name}\n\n${(await readFile(here(`node_modules/${path}`), 'utf8')).trim()}`,
	),
);
const parts = {
	LICENCES: licences.join('\n\n').replaceAll('--', '- -'),
	STYLE: style.outputFiles[0].text.trim(),
	SCRIPT: script.outputFiles[0].text.trim().replaceAll('</script', '<\\/script'),
};
const page = await readFile(here('src/page.html'), 'utf8');
await writeFile(out, page.replace(/%(LICENCES|STYLE|SCRIPT)%/g, (_, name) => parts[name]));
