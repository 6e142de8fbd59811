// Whatever a plugin does, a question to it fails, and the next one is answered.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { patient, pluginFixture } from './fixture.ts';

const source = `import { goOn, plugin } from 'sluice/plugin';
const kept: unknown[] = [];
export default plugin((context) => ({
  rcpt(facts) {
    switch (facts.recipient.address) {
      case 'throws': throw new RangeError('so not');
      case 'throws nothing': throw undefined;
      case 'rejects': return Promise.reject(new Error('later not'));
      case 'never': return new Promise(() => undefined);
      case 'loops': for (;;);
      case 'expression': return /^(a+)+$/.test('a'.repeat(64) + '!') ? goOn : goOn;
      case 'exits': process.exit(0);
      case 'kills': process.kill(process.pid, 'SIGKILL'); return goOn;
      case 'unhandled': void Promise.reject(new Error('nobody looks')); return new Promise(() => undefined);
      case 'uncaught': setTimeout(() => { throw new Error('in a timer'); }, 1); return new Promise(() => undefined);
      case 'heap': for (;;) kept.push(new Array(10_000).fill(facts));
      case 'function': return { kind: 'continue', edits: () => undefined };
      case 'getter': return { get kind() { throw new Error('no kind'); } };
      case 'circle': { const circle = { kind: 'accept', edits: [] }; circle.edits.push(circle); return circle; }
      case 'bigint': return { kind: 'discard', reason: 1n };
      case 'large': return { kind: 'reject', reply: { code: 550, text: 'x'.repeat(10_000_000) } };
      case 'waits on nothing': Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); return goOn;
    }
    return goOn;
  },
}));`;

const ask = (address: string) => ({ recipient: { address, params: {} } });

/** What is no answer: the thread goes on. */
const faults: readonly [string, RegExp][] = [
  ['throws', /^it threw an error: RangeError: so not \(.*tried\.ts:6\)$/u],
  ['throws nothing', /^it threw an error: undefined$/u],
  ['rejects', /^it failed: later not \(.*tried\.ts:8\)$/u],
  ['never', /^it did not answer within 20 s$/u],
  ['kills', /^it threw an error: a plugin may not end the process of Sluice/u],
  ['getter', /^it answered something that cannot be read: no kind/u],
  ['circle', /^it answered something that cannot be read: /u],
  ['function', /^it answered something that cannot be read: "edits" is a function/u],
  ['bigint', /^it answered something that cannot be read: /u],
  ['large', /^it answered something that cannot be read: it answered 10000048 characters of text$/u],
];

test('a plugin that does not answer goes on with other questions', async (t) => {
  const { host, lines, limit } = pluginFixture(t, source);
  for (const [address, reason] of faults) {
    if (address === 'never') limit('short');
    await assert.rejects(host.ask('rcpt', ask(address)), { message: reason, wasAsked: true }, address);
    limit('patient');
    assert.deepEqual(await host.ask('rcpt', ask('joe@example.com')), { kind: 'continue' });
  }
  assert.deepEqual(
    lines.filter((line) => / was ended: /u.test(line)),
    [],
  );
});

/** What ends the thread. */
const ends: readonly [string, RegExp][] = [
  ['loops', /^it did nothing else for 20 s: its code runs without a pause$/u],
  ['expression', /^it did nothing else for 20 s: its code runs without a pause$/u],
  ['waits on nothing', /^it did nothing else for 20 s: its code runs without a pause$/u],
  ['exits', /^it ended itself, with the code 0$/u],
  ['unhandled', /^it ended with an error that was not caught: nobody looks$/u],
  ['uncaught', /^it ended with an error that was not caught: in a timer$/u],
];

for (const [address, reason] of ends) {
  test(`a plugin whose thread ends is started again: ${address}`, async (t) => {
    const { host, troubles, limit } = pluginFixture(t, source);
    assert.deepEqual(await host.ask('rcpt', ask('joe@example.com')), { kind: 'continue' });
    if (reason.source.includes('20 s')) limit('short');
    const others = Array.from({ length: 5 }, () => host.ask('rcpt', ask('never')));
    const all = await Promise.allSettled([...others, host.ask('rcpt', ask(address))]);
    for (const each of all) {
      assert.equal(each.status, 'rejected');
      assert.match(String(each.reason.message), reason);
    }
    limit('patient');
    assert.deepEqual(await host.ask('rcpt', ask('joe@example.com')), { kind: 'continue' });
    assert.match(
      troubles.list[0]?.text ?? '',
      /^The plugin of the stage "tried" was ended: .*It was started again\.$/u,
    );
  });
}

test('a plugin that takes too much memory is started again', async (t) => {
  const { host } = pluginFixture(t, source, { memoryBytes: 16 * 1024 ** 2 });
  await assert.rejects(host.ask('rcpt', ask('heap')), { message: /^it took more memory than it may have$/u });
  assert.deepEqual(await host.ask('rcpt', ask('joe@example.com')), { kind: 'continue' });
});

test('a plugin that ends again and again is left alone for longer each time', async (t) => {
  const { host, lines, line } = pluginFixture(t, source);
  await host.whenKnown();
  for (const wait of ['at once', 'after 1 s', 'after 2 s', 'after 4 s']) {
    await assert.rejects(host.ask('rcpt', ask('exits')), { wasAsked: true });
    const from = lines.length;
    assert.match(lines.at(-1) ?? '', new RegExp(`it is started again ${wait}$`, 'u'));
    if (wait !== 'at once') {
      const refused = { message: /^it ended itself/u, wasAsked: false };
      await assert.rejects(host.ask('rcpt', ask('joe@example.com')), refused);
    }
    await line(/ is ready: /u, from);
  }
});

test('questions beyond the line are not asked', async (t) => {
  const { host } = pluginFixture(t, source, { mostQuestions: 2, mostWaiting: 3, timeLimitMs: 20_000 });
  await host.whenKnown();
  const all = await host.askAll(
    'rcpt',
    Array.from({ length: 6 }, () => ask('never')),
  );
  const late = { fault: 'it did not answer within 20 s', wasAsked: true };
  assert.deepEqual(all, [
    ...Array.from({ length: 5 }, () => late),
    { fault: 'more than 3 questions wait for it', wasAsked: false },
  ]);
});

const broken: readonly [string, string, RegExp][] = [
  [
    'a mistake in its text',
    'export default plugin((',
    /^.*tried\.ts cannot be loaded: SyntaxError: .*tried\.ts:1/u,
  ],
  ['an error', 'throw new Error("at once");', /^.*tried\.ts cannot be loaded: at once \(.*tried\.ts:1\)$/u],
  [
    'no plugin',
    'export default {};',
    /^.*tried\.ts is no plugin: its default export is not made by plugin\(\.\.\.\)/u,
  ],
  [
    'a later version',
    'export default { sluicePlugin: 2 };',
    /it is made for version 2 of sluice\/plugin, and this one is 1$/u,
  ],
  ['a missing file', 'import "./not-there.ts";', /^.*cannot be loaded: .*not-there\.ts/u],
  [
    'a setup that throws',
    `${'import { plugin } from "sluice/plugin";'} export default plugin(() => { throw new Error("no database"); });`,
    /^no database/u,
  ],
  [
    'a setup that rejects',
    'import { plugin } from "sluice/plugin"; export default plugin(async () => { throw new Error("no database"); });',
    /^no database/u,
  ],
  [
    'an unknown point',
    'import { plugin } from "sluice/plugin"; export default plugin(() => ({ rctp() {} }) as never);',
    /rctp, which is no point; did you mean rcpt\?/u,
  ],
  [
    'a point that is no function',
    'import { plugin } from "sluice/plugin"; export default plugin(() => ({ rcpt: 5 }) as never);',
    /point rcpt is no function/u,
  ],
  [
    'no points',
    'import { plugin } from "sluice/plugin"; export default plugin(() => 5 as never);',
    /returned no object with points/u,
  ],
  [
    'a setup that exits',
    'import { plugin } from "sluice/plugin"; export default plugin(() => process.exit(7));',
    /^it ended itself, with the code 7$/u,
  ],
  [
    'a setup that loops',
    'import { plugin } from "sluice/plugin"; export default plugin(() => { for (;;); });',
    /^its setup did not end within 30 s$/u,
  ],
  [
    'a setup that never ends',
    'import { plugin } from "sluice/plugin"; export default plugin(() => new Promise(() => undefined));',
    /^its setup did not end within 30 s$/u,
  ],
];

for (const [what, text, reason] of broken) {
  test(`a plugin with ${what} cannot be used`, async (t) => {
    const setupMs = reason.source.includes('30 s') ? 30_000 : patient;
    const { host, troubles } = pluginFixture(t, text, { setupMs });
    await assert.rejects(host.ask('rcpt', ask('joe@example.com')), { message: reason, wasAsked: false });
    await assert.rejects(host.whenKnown());
    assert.equal(host.points, undefined);
    assert.equal(troubles.list[0]?.key, 'plugin:tried');
    assert.equal(troubles.list[0]?.level, 'critical');
  });
}
