// `sluice plugin`, as an author of plugins runs it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { composePlugin, composeTest } from '../../src/cli/plugin/compose.ts';
import { samplePoints } from '../../src/cli/plugin/samples.ts';
import { sluice } from './run.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-plugins-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a plugin, and returns its folder. */
function written(t: TestContext, text: string, name = 'mine.ts'): string {
  const folder = folderOf(t);
  writeFileSync(join(folder, name), text);
  return folder;
}

const head = `import { change, goOn, plugin, reject, replaceBody } from 'sluice/plugin';\n`;

suite('a new plugin', () => {
  test('passes its test, for all points at once, and its types are right', async (t) => {
    const cwd = folderOf(t);
    const made = await sluice(['plugin', 'new', 'mine', '--point', samplePoints.toReversed().join(',')], {
      cwd,
    });
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^Written:\n {2}mine\.ts\n {2}mine\.test\.ts\n {2}tsconfig\.json\n\nNext:\n/u);
    const { code, stdout } = await sluice(['plugin', 'test', 'mine.ts'], { cwd });
    assert.equal(code, 0, stdout);
    assert.match(stdout, new RegExp(`^ℹ pass ${samplePoints.length}$`, 'mu'));
    const modules = join(import.meta.dirname, '../../node_modules');
    const types = ['--typeRoots', join(modules, '@types'), '--noUnusedLocals', '--project', cwd];
    execFileSync(join(modules, '.bin/tsc'), types, { encoding: 'utf8' });
  });

  test('passes its test with each point alone', async (t) => {
    const cwd = folderOf(t);
    for (const point of samplePoints) {
      const wanted = { name: point, points: [point] };
      writeFileSync(join(cwd, `${point}.ts`), composePlugin(wanted));
      writeFileSync(join(cwd, `${point}.test.ts`), composeTest(wanted));
    }
    const { code, stdout } = await sluice(['plugin', 'test', '.'], { cwd });
    assert.equal(code, 0, stdout);
    assert.match(stdout, new RegExp(`^ℹ pass ${samplePoints.length}$`, 'mu'));
  });

  test('is written into a folder', async (t) => {
    const cwd = folderOf(t);
    const { stdout } = await sluice(['plugin', 'new', 'mine', '--folder', 'a/b'], { cwd });
    assert.match(stdout, /^ {2}sluice plugin test a\/b\/mine\.ts /mu);
    assert.deepEqual(readdirSync(join(cwd, 'a/b')).toSorted(), ['mine.test.ts', 'mine.ts', 'tsconfig.json']);
  });

  test('is a copy of an example', async (t) => {
    const cwd = folderOf(t);
    await sluice(['plugin', 'new', 'grey', '--example', 'greylisting'], { cwd });
    assert.match(
      readFileSync(join(cwd, 'grey.ts'), 'utf8'),
      /^\/\/ {3}file = "\/etc\/sluice\/plugins\/grey\.ts"$/mu,
    );
    assert.equal((await sluice(['plugin', 'test', 'grey.ts'], { cwd })).code, 0);
  });

  test('changes no file that is there', async (t) => {
    const cwd = written(t, 'mine', 'other.test.ts');
    const { code, stderr } = await sluice(['plugin', 'new', 'other'], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /^PLUGIN_EXISTS: .*other\.test\.ts exists already\.\n {2}Nothing was written\./u);
    assert.deepEqual(readdirSync(cwd), ['other.test.ts']);
  });

  test('leaves the settings for TypeScript of its author alone', async (t) => {
    const cwd = written(t, '{}', 'tsconfig.json');
    await sluice(['plugin', 'new', 'mine', '--folder', 'plugins'], { cwd });
    assert.deepEqual(readdirSync(join(cwd, 'plugins')).toSorted(), ['mine.test.ts', 'mine.ts']);
  });

  test('needs a name, points and a folder that there can be', async (t) => {
    const cwd = written(t, '', 'file');
    for (const [args, exit, message] of [
      [['../x'], 64, /A name has small letters/u],
      [['x', '--point', 'rcpt,rctp'], 64, /There is no point "rctp"; did you mean rcpt\?/u],
      [['x', '--example', 'greylist'], 64, /Allowed choices are dns-lists, footer,/u],
      [['x', '--folder', 'file'], 74, /^PLUGIN_FILE: Cannot write .*\/x\.ts: /u],
    ] as const) {
      const { code, stderr } = await sluice(['plugin', 'new', ...args], { cwd });
      assert.equal(code, exit, stderr);
      assert.match(stderr, message);
    }
  });
});

suite('testing a plugin', () => {
  test('asks one without a test at each of its points, and prints its verdicts', async (t) => {
    const cwd = written(
      t,
      `${head}export default plugin(({ log }) => ({
      mail: () => goOn,
      rcpt({ recipient }) { log('asked'); return reject('550 5.1.1', recipient.address); },
    }));\n`,
    );
    const { code, stdout } = await sluice(['plugin', 'test', 'mine.ts'], { cwd });
    assert.deepEqual(
      [code, stdout],
      [
        0,
        `mine.ts has no test: it is asked once at each of its points.
  mail      { kind: 'continue' }
  rcpt      { kind: 'reject', reply: { code: 550, enhanced: '5.1.1', text: [ 'recipient@example.com' ] } }
  log       asked
`,
      ],
    );
  });

  for (const [what, text, message] of [
    [
      'a mistake in the syntax',
      `${head}const x = ;\n`,
      /FAILED {4}.*\/mine\.ts cannot be loaded: SyntaxError: Expression expected \(.*\/mine\.ts:2\)\n/u,
    ],
    [
      'syntax that cannot be run as it is',
      `${head}enum A { B }\n`,
      /enum is not supported in strip-only mode \(.*\/mine\.ts:2\)\n/u,
    ],
    [
      'a name that there is not',
      `import { plugn } from 'sluice/plugin';\n`,
      /named 'plugn' \(.*\/mine\.ts:1\)\n/u,
    ],
    ['no plugin', 'export const x = 1;\n', /is no plugin: its default export is not made by plugin/u],
    ['no points', `${head}export default plugin(() => ({}));\n`, /it has no points/u],
    [
      'an error at its start',
      `${head}export default plugin(() => {\n  throw new Error('no file');\n});\n`,
      /FAILED {4}no file \(.*\/mine\.ts:3\)\n/u,
    ],
    [
      'an error at a point',
      `${head}export default plugin(() => ({ rcpt() { throw new Error('broken'); } }));\n`,
      /rcpt {6}FAILED: broken \(.*\/mine\.ts:2\)\n/u,
    ],
    [
      'a verdict that is none',
      `${head}export default plugin(() => ({ rcpt: () => undefined as never }));\n`,
      /rcpt {6}FAILED: .*something that is no verdict/u,
    ],
    [
      'an edit that is not allowed',
      `${head}export default plugin(() => ({ mail: () => change(replaceBody(Buffer.from('x'))) }));\n`,
      /mail {6}FAILED: .*not allowed at mail/u,
    ],
  ] as const) {
    test(`tells of ${what}`, async (t) => {
      const { code, stdout } = await sluice(['plugin', 'test', 'mine.ts'], { cwd: written(t, text) });
      assert.equal(code, 1);
      assert.match(stdout, message);
    });
  }

  test('gives it options', async (t) => {
    const cwd = written(
      t,
      `${head}export default plugin(({ options }) => ({ rcpt: () => reject('550', String(options['a'])) }));\n`,
    );
    const { stdout } = await sluice(['plugin', 'test', '--options', '{"a": "b"}', 'mine.ts'], { cwd });
    assert.match(stdout, /text: \[ 'b' \]/u);
    for (const options of ['{', '[]', 'null']) {
      assert.equal((await sluice(['plugin', 'test', '--options', options, 'mine.ts'], { cwd })).code, 64);
    }
  });

  test('lets it neither connect, nor start programs, nor write outside of the folder for temporary files', async (t) => {
    const cwd = written(
      t,
      `import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
${head}export default plugin(() => ({
  async mail() { await once(createConnection(9, '127.0.0.1'), 'connect'); return goOn; },
  rcpt() { execFileSync('true'); return goOn; },
  data() { writeFileSync('/sluice-plugin-test', ''); return goOn; },
}));\n`,
    );
    const { code, stdout } = await sluice(['plugin', 'test', 'mine.ts'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /mail {6}FAILED: connect ERR_ACCESS_DENIED/u);
    assert.match(stdout, /rcpt {6}FAILED: Access to this API has been restricted/u);
    assert.match(stdout, /data {6}FAILED: Access to this API has been restricted/u);
  });

  test('ends one that loops, with a test and without', async (t) => {
    const loop = `${head}export default plugin(() => ({ rcpt() { for (;;); } }));\n`;
    const cwd = written(t, loop);
    const args = ['plugin', 'test', '--time-limit', '1s', 'mine.ts'];
    const without = await sluice(args, { cwd });
    assert.deepEqual([without.code, without.stderr.trim()], [1, 'It did not end within 1s.']);
    writeFileSync(
      join(cwd, 'mine.test.ts'),
      `import { test } from 'node:test';
import { testPlugin } from 'sluice/plugin/testing';
import mine from './mine.ts';
test('loops', async () => void (await (await testPlugin(mine)).rcpt()));\n`,
    );
    const { code, stderr } = await sluice(args, { cwd });
    assert.deepEqual([code, stderr.trim()], [1, 'It did not end within 1s.']);
  });

  test('runs all tests of a folder, and asks the plugins that have none', async (t) => {
    const cwd = written(t, `${head}export default plugin(() => ({ rcpt: () => goOn }));\n`);
    await sluice(['plugin', 'new', 'tested'], { cwd });
    const { code, stdout } = await sluice(['plugin', 'test', '.'], { cwd });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^ℹ pass 1$/mu);
    assert.match(stdout, /^mine\.ts has no test/mu);
  });

  test('a test that fails is shown with its place', async (t) => {
    const cwd = folderOf(t);
    await sluice(['plugin', 'new', 'mine'], { cwd });
    const path = join(cwd, 'mine.test.ts');
    writeFileSync(path, readFileSync(path, 'utf8').replace("'reject'", "'accept'"));
    const { code, stdout } = await sluice(['plugin', 'test', 'mine.ts'], { cwd });
    assert.equal(code, 1);
    assert.match(stdout, /mine\.test\.ts:10:/u);
  });

  test('needs something to test', async (t) => {
    const cwd = folderOf(t);
    for (const path of ['gone.ts', '.']) {
      const { code, stderr } = await sluice(['plugin', 'test', path], { cwd });
      assert.equal(code, 1);
      assert.match(stderr, /^PLUGIN_FILE: /u);
    }
  });
});

suite('measuring a plugin', () => {
  test('asks each of its points, and prints what that costs', async (t) => {
    const cwd = written(
      t,
      `${head}export default plugin(() => ({ mail: () => goOn, rcpt: () => reject('550 5.1.1', 'No') }));\n`,
    );
    const args = ['plugin', 'bench', 'mine.ts', '--seconds', '1', '--at-once', '3'];
    const { code, stdout, stderr } = await sluice([...args, '--json'], { cwd });
    assert.equal(code, 0, stderr);
    const [mail, rcpt] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number | string>);
    assert.deepEqual([mail?.['point'], mail?.['verdict'], mail?.['failures']], ['mail', 'continue', 0]);
    assert.deepEqual([rcpt?.['point'], rcpt?.['verdict'], rcpt?.['failures']], ['rcpt', 'reject', 0]);
    for (const key of ['answers', 'perSecond', 'cpuUs', 'pluginUs']) assert.ok(Number(rcpt?.[key]) > 0, key);
    const one = await sluice([...args, '--point', 'rcpt'], { cwd });
    assert.match(
      one.stdout,
      /^mine\.ts: 3 questions at a time, 1 s for each point\n\npoint +answers\/s .*\nrcpt +[\d,]+ +[\d.]+ µs +[\d.]+ µs +reject\n$/u,
    );
  });

  test('gives up a plugin that answers nothing, and says before what it waits for', async (t) => {
    const cwd = written(t, `${head}export default plugin(() => ({ rcpt() { for (;;); } }));\n`);
    const args = ['plugin', 'bench', 'mine.ts', '--time-limit', '3s', '--at-once', '3'];
    const { code, stdout, stderr } = await sluice(args, { cwd });
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /Waiting for its first answers at rcpt, 2s so far; it is given up after 3s\.\nPLUGIN_UNANSWERED: mine\.ts gives no answer at rcpt: it did nothing else for 3 s: its code runs without a pause\.\n {2}Look for a loop/u,
    );
  });

  test('tells of answers that fail, of a plugin that cannot be used, and of a point that it has not', async (t) => {
    const cwd = written(
      t,
      `${head}export default plugin(({ options }) => {
      if (options['broken'] === true) throw new Error('no table');
      return { rcpt() { throw new Error('broken'); } };
    });\n`,
    );
    const args = ['plugin', 'bench', 'mine.ts', '--seconds', '1'];
    const failing = await sluice(args, { cwd });
    assert.equal(failing.code, 1);
    assert.match(failing.stdout, /^\d+ answers at rcpt failed: .*broken/mu);
    const unusable = await sluice([...args, '--options', '{"broken": true}'], { cwd });
    assert.equal(unusable.code, 1);
    assert.match(
      unusable.stderr,
      /^PLUGIN_UNUSABLE: mine\.ts cannot be used: no table \(.*\/mine\.ts:3\)\./mu,
    );
    const other = await sluice([...args, '--point', 'data'], { cwd });
    assert.equal(other.code, 1);
    assert.match(other.stderr, /^PLUGIN_POINT: mine\.ts has no data\.\n {2}It has rcpt\./mu);
    assert.match((await sluice([...args, '--point', 'dota'], { cwd })).stderr, /Did you mean data\?/u);
    assert.equal((await sluice(['plugin', 'bench', 'gone.ts'], { cwd })).code, 1);
  });
});
