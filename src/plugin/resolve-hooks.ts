// Makes `sluice/plugin` known to plugins, wherever their files are. Imported for that alone, before a plugin is, in the thread that runs it: by the
// workers of plugins, and with --import by tests of plugins.

import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

const modules: ReadonlyMap<string, string> = new Map([
  ['sluice/plugin', new URL(`index${extension}`, import.meta.url).href],
  ['sluice/plugin/testing', new URL(`testing/index${extension}`, import.meta.url).href],
]);

registerHooks({
  resolve(specifier, context, next) {
    const url = modules.get(specifier);
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
  // Node removes no types below node_modules: https://nodejs.org/api/typescript.html#type-stripping-in-dependencies
  load(url, context, next) {
    if (!url.startsWith('file:') || !/\/node_modules\/.*\.m?ts$/u.test(url)) return next(url, context);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    return { format: 'module', source: stripTypeScriptTypes(text), shortCircuit: true };
  },
});
