// What `sluice check` finds in plugins, and that trying them has no effect.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AddressInfo } from 'node:net';

import { pluginProblems } from '../../src/cli/plugin-problems.ts';
import type { ConfigWarning } from '../../src/config/read/config-warning.ts';
import { loadConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

const head = `import { goOn, plugin, readOptions, text } from 'sluice/plugin';\n`;
const rcpt = `${head}export default plugin((context) => ({ rcpt: () => goOn }));`;

interface Case {
  /** Undefined: there is no file. */
  readonly source: string | undefined;
  /** Lines of its [[stage]]. */
  readonly stage?: string;
  readonly problem?: RegExp;
  readonly warning?: RegExp;
  /** The key of the place. */
  readonly key?: string;
}

const cases: Readonly<Record<string, Case>> = {
  'one that works': { source: rcpt },
  'no file': { source: undefined, problem: /tried\.ts does not exist\. Correct it/u, key: 'file' },
  'a mistake in its syntax': {
    source: 'export default plugin(() => ({ rcpt( });',
    problem: /SyntaxError.*tried\.ts:1\)/u,
    key: 'file',
  },
  'an import that does not exist': {
    source: `import './gone.ts';${rcpt}`,
    problem: /Cannot find module '.*gone\.ts'/u,
    key: 'file',
  },
  'a file that is no plugin': {
    source: 'export default 1;',
    problem: /is no plugin: its default export is not made by plugin\(\.\.\.\)/u,
    key: 'file',
  },
  'a setup that throws': {
    source: `${head}export default plugin(() => { throw new Error('no idea'); });`,
    problem: /cannot be used: no idea \(.*tried\.ts:2\)/u,
    key: 'file',
  },
  'an error that its setup does not wait for': {
    source: `${head}export default plugin(async () => { setTimeout(() => { throw new Error('beside'); }, 1); await new Promise(() => undefined); });`,
    problem: /cannot be used: beside/u,
    key: 'file',
  },
  'a point that does not exist': {
    source: `${head}export default plugin(() => ({ recpt: () => goOn }));`,
    problem: /its setup returned recpt, which is no point; did you mean rcpt\?/u,
    key: 'file',
  },
  'an option that it does not know': {
    source: `${head}export default plugin(({ options }) => { readOptions(options, { url: text('') }); return { rcpt: () => goOn }; });`,
    stage: 'options = { ulr = "x" }',
    problem: /option ulr: this plugin has no such option; did you mean url\?.*Correct the option/u,
    key: 'options.ulr',
  },
  'an option that is missing': {
    source: `${head}export default plugin(async ({ options, fetch }) => { await fetch('http://127.0.0.1/').catch(() => 0); readOptions(options, { url: text() }); return { rcpt: () => goOn }; });`,
    problem: /option url: it has to be given/u,
    key: 'options.url',
  },
  'a point of "delivery" that it has not': {
    source: rcpt,
    stage: 'delivery = ["route"]\nincoming = true',
    problem: /names "route", and .*tried\.ts has no function of this name, only rcpt/u,
    key: 'delivery',
  },
  'functions for incoming mail that are not asked': {
    source: `${head}export default plugin(() => ({ attempt() {}, mail: () => goOn }));`,
    stage: 'delivery = ["attempt"]',
    problem: /has functions for incoming mail, too: mail\. Set incoming = true/u,
    key: 'delivery',
  },
  'functions for both, which are asked': {
    source: `${head}export default plugin(() => ({ attempt() {}, mail: () => goOn }));`,
    stage: 'delivery = ["attempt"]\nincoming = true',
  },
  'a function that delivery does not name': {
    source: `${head}export default plugin(() => ({ route: () => goOn }));`,
    warning: /has a function "route", which is called only if delivery names it/u,
    key: 'file',
  },
  'no function at all': {
    source: `${head}export default plugin(() => ({}));`,
    warning: /has no function for any point/u,
    key: 'file',
  },
  'one that is asked about nothing': {
    source: rcpt,
    stage: 'incoming = false',
    warning: /is never asked/u,
    key: 'file',
  },
  'a setup that asks the web': {
    source: `${head}export default plugin(async ({ fetch }) => { await fetch('http://127.0.0.1/list'); return { rcpt: () => goOn }; });`,
    warning:
      /cannot be said from here: a trial has no web.*asks for what a trial has not \(web\).*"sluice status" says it/u,
    key: 'file',
  },
  'a setup that reads its state': {
    source: `${head}export default plugin(({ state }) => { if (state.get('key') === undefined) throw new Error('no key'); return { rcpt: () => goOn }; });`,
    warning: /cannot be said from here: no key .*\(state\)/u,
    key: 'file',
  },
  'a setup that ends the process': {
    source: `${head}process.exit(0);`,
    warning: /ended the process of its trial/u,
    key: 'file',
  },
  'a setup that waits for nothing': {
    source: `${head}export default plugin(() => new Promise(() => undefined));`,
    warning: /waits for nothing/u,
    key: 'file',
  },
};

for (const [name, { source, stage = '', problem, warning, key }] of Object.entries(cases)) {
  test(`${name}: ${problem === undefined ? (warning === undefined ? 'nothing' : 'a warning') : 'a problem'}`, async (t) => {
    const { path: folder } = temporaryFolder(t, 'plugin-problems');
    if (source !== undefined) writeFileSync(join(folder, 'tried.ts'), source);
    const config = load(folder, `[[stage]]\nname = "tried"\nkind = "plugin"\nfile = "tried.ts"\n${stage}\n`);
    const { problems, warnings } = await pluginProblems(config);
    assertFound(problems, problem, key);
    assertFound(warnings, warning, key);
  });
}

test('a trial connects to nobody, starts nothing and writes nothing', async (t) => {
  const { path: folder } = temporaryFolder(t, 'plugin-problems');
  let connections = 0;
  const server = createServer(() => connections++).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const acts: Readonly<Record<string, string>> = {
    connect: `await new Promise((resolve, reject) => connect(${port}, '127.0.0.1').on('error', reject).on('connect', resolve));`,
    write: `writeFileSync(${JSON.stringify(join(folder, 'written'))}, 'x');`,
    start: `execFileSync('touch', [${JSON.stringify(join(folder, 'written'))}]);`,
    thread: `new Worker('1', { eval: true });`,
  };
  for (const [name, act] of Object.entries(acts)) {
    writeFileSync(
      join(folder, `${name}.ts`),
      `import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
${head}export default plugin(async () => { ${act} return { rcpt: () => goOn }; });`,
    );
  }
  const names = Object.keys(acts);
  const tables = names.map((name) => `[[stage]]\nname = "${name}"\nkind = "plugin"\nfile = "${name}.ts"\n`);
  const { problems, warnings } = await pluginProblems(load(folder, tables.join('')));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    warnings.map(({ message }) => /network and programs/u.test(message)),
    names.map(() => true),
  );
  assert.equal(connections, 0);
  assert.equal(existsSync(join(folder, 'written')), false);
});

test('a trial leaves no folder behind', async (t) => {
  const { path: folder } = temporaryFolder(t, 'plugin-problems');
  const before = process.env['TMPDIR'];
  t.after(() => (before === undefined ? delete process.env['TMPDIR'] : (process.env['TMPDIR'] = before)));
  process.env['TMPDIR'] = folder;
  assert.equal(tmpdir(), folder);
  writeFileSync(
    join(folder, 'tried.ts'),
    `import { writeFileSync } from 'node:fs';\n${head}export default plugin(({ folder }) => { writeFileSync(folder + '/kept', 'x'); return { rcpt: () => goOn }; });`,
  );
  const config = load(folder, '[[stage]]\nname = "tried"\nkind = "plugin"\nfile = "tried.ts"\n');
  assert.deepEqual(await pluginProblems(config), { problems: [], warnings: [] });
  assert.deepEqual(readdirSync(folder).toSorted(), ['sluice.toml', 'tried.ts']);
});

test('sluice check says them with their place, and ends with the exit code of a bad configuration', async (t) => {
  const { path: folder } = temporaryFolder(t, 'plugin-problems');
  writeFileSync(
    join(folder, 'sluice.toml'),
    '[[stage]]\nname = "tried"\nkind = "plugin"\nfile = "tried.ts"\n',
  );
  const { code, stderr } = await sluice(['check', 'sluice.toml'], { cwd: folder });
  assert.equal(code, 78);
  assert.match(
    stderr,
    /sluice\.toml:4:8: stage\[1\]\.file: the plugin cannot be used: .*tried\.ts does not exist\./u,
  );
  assert.match(
    stderr,
    /^1 problem found\. Until this is corrected, what these plugins are asked fails after a start, and a running Sluice refuses to begin with them; one that has loaded them before goes on with that version until a restart\.$/mu,
  );
});

function load(folder: string, text: string) {
  const file = join(folder, 'sluice.toml');
  writeFileSync(file, text);
  return loadConfig(file);
}

function assertFound(found: readonly ConfigWarning[], wanted: RegExp | undefined, key = ''): void {
  assert.equal(found.length, wanted === undefined ? 0 : 1, JSON.stringify(found));
  const [{ path = [], message = '' } = {}] = found;
  if (wanted === undefined) return;
  assert.match(message, wanted);
  assert.equal(path.join('.'), `stage.0.${key}`);
}
