// A plugin whose files change is replaced, and questions under way end in the one before.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { PluginSettings } from '../../../src/plugin/host/plugin-settings.ts';
import { pluginFixture } from './fixture.ts';

const ask = (address: string) => ({ recipient: { address, params: {} } });

/** `wait` is answered when a version, whichever, is asked `go`. */
const source = (version: string, more = ''): string => `import { discard, plugin } from 'sluice/plugin';
import { suffix } from './suffix.ts';
${more}
export default plugin((context) => ({
  async rcpt({ recipient }) {
    if (recipient.address === 'go') context.state.set('go', 'yes');
    while (recipient.address === 'wait' && context.state.get('go') === undefined) {
      await new Promise<void>((resolve) => context.after(5, resolve));
    }
    return discard('${version}' + suffix + String(context.options['x'] ?? ''));
  },
  end: () => context.log('end of ${version}'),
}));`;

const reason = (value: string) => ({ kind: 'discard', reason: value });

test('a new version takes over, and the one before answers what it has begun', async (t) => {
  const { host, write, line, lines } = pluginFixture(t, 'import "./suffix.ts";');
  write('suffix.ts', "export const suffix: string = '!';");
  write('tried.ts', source('one'));
  await line(/ is ready: /u);
  const begun = host.ask('rcpt', ask('wait'));
  assert.deepEqual(await host.ask('rcpt', ask('other')), reason('one!'));
  const from = lines.length;
  write('suffix.ts', "export const suffix: string = '?'; // changed");
  await line(/ is replaced by its new version: it is asked at rcpt$/u, from);
  assert.deepEqual(await host.ask('rcpt', ask('other')), reason('one?'));
  assert.ok(!lines.some((each) => each.includes('end of one')));
  await host.ask('rcpt', ask('go'));
  assert.deepEqual(await begun, reason('one!'));
  await line(/end of one/u, from);
});

test('a new version with a mistake leaves the one before in force', async (t) => {
  const { host, write, line, lines, troubles } = pluginFixture(t, 'import "./suffix.ts";');
  write('suffix.ts', "export const suffix: string = '';");
  write('tried.ts', source('one'));
  await line(/ is ready: /u);
  write('tried.ts', source('two', 'const x = ;'));
  await line(/cannot be used: .*SyntaxError.*; meanwhile the version before stays in force$/u);
  assert.deepEqual(await host.ask('rcpt', ask('other')), reason('one'));
  assert.equal(troubles.list[0]?.level, 'warning');
  const from = lines.length;
  write('tried.ts', source('three'));
  await line(/ is replaced by its new version/u, from);
  assert.deepEqual(await host.ask('rcpt', ask('other')), reason('three'));
  assert.deepEqual(troubles.list, []);
});

/** A plugin in force, and one question that it has begun. */
async function inForce(t: TestContext) {
  const fixture = pluginFixture(t, 'import "./suffix.ts";');
  fixture.write('suffix.ts', "export const suffix: string = '';");
  fixture.write('tried.ts', source('one'));
  await fixture.line(/ is ready: /u);
  const begun = fixture.host.ask('rcpt', ask('wait'));
  // Later questions are answered after it was begun.
  assert.deepEqual(await fixture.host.ask('rcpt', ask('other')), reason('one'));
  return { ...fixture, begun, from: fixture.lines.length };
}

test('with other options it is another plugin, which everything new waits for', async (t) => {
  const { host, line, settings, begun, from } = await inForce(t);
  host.configure({ ...settings, options: { x: 'y' } });
  assert.equal(host.points, undefined);
  assert.ok(host.isBeginning);
  assert.deepEqual(await host.ask('rcpt', ask('other')), reason('oney'));
  await line(/ is ready: it is asked at rcpt$/u, from);
  await host.ask('rcpt', ask('go'));
  assert.deepEqual(await begun, reason('one'));
  await line(/end of one/u, from);
});

const unusable: readonly (readonly [string, Partial<PluginSettings>, RegExp])[] = [
  ['another file that is missing', { file: '/nowhere/other.ts' }, /^\/nowhere\/other\.ts does not exist$/u],
  ['options that it refuses', { options: { x: 'no' } }, /^x may not be no \(.*tried\.ts:4\)$/u],
];

for (const [what, changed, why] of unusable) {
  test(`${what}: the plugin before decides nothing more, and answers what it has begun`, async (t) => {
    const { host, write, line, lines, settings, begun, from, troubles } = await inForce(t);
    // A mistake in the same file leaves the version before in force.
    write('tried.ts', 'const x = ;');
    await line(/meanwhile the version before stays in force$/u);
    assert.deepEqual(await host.ask('rcpt', ask('other')), reason('one'));
    const refusing = `if (context.options['x'] === 'no') throw new Error('x may not be no');`;
    write(
      'tried.ts',
      source('two')
        .replace('(context) => ({', `(context) => { ${refusing} return {`)
        .replace('}));', '}; });'),
    );
    host.configure({ ...settings, ...changed });
    await assert.rejects(host.ask('rcpt', ask('other')), { message: why, wasAsked: false });
    await assert.rejects(host.whenKnown(), { message: why });
    assert.equal(host.points, undefined);
    assert.equal(troubles.list[0]?.level, 'critical');
    assert.ok(lines.slice(from).some((each) => each.endsWith('meanwhile what it is asked fails')));
    host.configure(settings);
    assert.deepEqual(await host.ask('rcpt', ask('go')), reason('two'));
    assert.deepEqual(await begun, reason('one'));
    assert.deepEqual(troubles.list, []);
  });
}

test('functions that nobody would ask make a plugin unusable', async (t) => {
  const text = `import { goOn, plugin } from 'sluice/plugin';
export default plugin(() => ({ mail: () => goOn, attempt() {} }));`;
  const { host, troubles } = pluginFixture(t, text, { unasked: ['mail', 'rcpt'] });
  const why = /^nobody asks its functions for incoming mail \(mail\): set incoming = true$/u;
  await assert.rejects(host.whenKnown(), { message: why });
  await assert.rejects(host.ask('attempt', {}), { message: why });
  assert.equal(troubles.list[0]?.level, 'critical');
});
