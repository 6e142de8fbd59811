// Plugins say which way recipients go: by a route, by hosts, or not now. What fails waits, and nothing goes another way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../../sim/virtual-timers.ts';
import type { QueuePage, SourceRow } from '../../../src/control/operations/queue-pages.ts';
import { ground, type Ground, type SenderAtHand, startMs } from '../assembled.ts';
import { ModelPlugin, routed, routedBy } from './model-plugin.ts';

const goOn = { kind: 'continue' } as const;

function places(sender: SenderAtHand): readonly string[] {
  return sender.all('connect').map(({ hop, work }) => `${hop.host} ${work.recipients.join(',')}`);
}

/** What waits, and why, in the order of the envelope. */
async function rows({ ask }: Ground): Promise<readonly SourceRow[]> {
  const [answer] = await ask('page', { filter: {} });
  assert.ok(answer?.kind === 'response' && 'result' in answer);
  return (answer.result as QueuePage).rows.toSorted(
    (one, other) => one.recipientIndex - other.recipientIndex,
  );
}

function bounced({ log }: Ground): readonly string[] {
  return log.events.flatMap(({ event, to, reply }) =>
    event === 'bounced' ? [`${String(to)} ${String(reply)}`] : [],
  );
}

async function begin(t: Parameters<typeof ground>[0], ...plugins: ModelPlugin[]) {
  const timers = new VirtualTimers();
  const options = routedBy(timers, ...plugins);
  const there = await ground(t, options);
  const sender = await there.sender(1);
  return { there, sender, timers, options };
}

for (const [what, answer, place] of [
  ['goes on', goOn, '192.0.2.1 0'],
  ['names a route', { kind: 'route', name: 'bulk' }, '192.0.2.2 0'],
  ['names hosts', { kind: 'relay', hosts: ['192.0.2.3:2525', '192.0.2.4'] }, '192.0.2.3 0'],
  ['names an LMTP server', { kind: 'lmtp', servers: ['unix:/run/lmtp'] }, 'unix:/run/lmtp 0'],
] as const) {
  test(`where the plugin ${what}, mail goes there, and nothing goes before the answer`, async (t) => {
    const plugin = new ModelPlugin();
    const { there, sender } = await begin(t, plugin);
    await there.submit('x@usual.test');
    assert.deepEqual(places(sender), []);
    const [asked] = plugin.asked;
    assert.ok(asked);
    assert.deepEqual(asked.facts, {
      queueId: asked.facts.queueId,
      sender: 'a@from.test',
      recipient: 'x@usual.test',
      domain: 'usual.test',
      tenant: '',
      sizeBytes: asked.facts.sizeBytes,
      receivedAtMs: asked.facts.receivedAtMs,
      priority: undefined,
      via: 'smtp',
      clientAddress: asked.facts.clientAddress,
      helo: asked.facts.helo,
      usual: 'usual',
    });
    await asked.answer(answer);
    assert.deepEqual(places(sender), [place]);
  });
}

test('a recipient that the plugin refuses fails, and another of its domain that waits does not', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender, timers } = await begin(t, plugin);
  await there.submit('no@a.test', 'later@a.test', 'yes@a.test');
  const [no, later, yes] = [...plugin.asked];
  assert.equal(plugin.facts.length, 3);
  await no?.answer({ kind: 'reject', reply: { code: 550, enhanced: '5.7.1', text: 'Not to him' } });
  await later?.answer({ kind: 'tempfail', reply: { code: 450, text: ['Not', 'now'] } });
  await yes?.answer(goOn);
  assert.deepEqual(places(sender), ['mx.a.test 2']);
  assert.deepEqual(
    (await rows(there)).map(({ recipientIndex, lastError, attempts }) => [
      recipientIndex,
      lastError,
      attempts,
    ]),
    [
      [1, '450 4.3.0 Not now', 1],
      [2, '', 0],
    ],
  );
  await timers.pass(2_000);
  assert.deepEqual(bounced(there), ['no@a.test 550 5.7.1 Not to him']);
});

for (const [what, fail, why] of [
  ['throws', (plugin: ModelPlugin) => plugin.asked[0]?.fail('it threw an error: x'), /it threw an error: x/],
  ['answers nothing', (plugin: ModelPlugin) => plugin.asked[0]?.answer(undefined), /no answer/],
  [
    'answers an unknown route',
    (plugin: ModelPlugin) => plugin.asked[0]?.answer({ kind: 'route', name: 'no' }),
    /no \[\[route\]\] has this name/,
  ],
  [
    'answers no host',
    (plugin: ModelPlugin) => plugin.asked[0]?.answer({ kind: 'relay', hosts: ['a b'] }),
    /a host that is none/,
  ],
] as const) {
  test(`where the plugin ${what}, the mail waits with the reason, is asked about again, and other mail goes on`, async (t) => {
    const plugin = new ModelPlugin();
    const { there, sender, timers } = await begin(t, plugin);
    await there.submit('x@usual.test');
    await fail(plugin);
    assert.deepEqual(places(sender), []);
    const [row] = await rows(there);
    assert.equal(row?.state, 'waiting');
    assert.equal(row?.attempts, 1);
    assert.match(
      String(row?.lastError),
      /^451 4\.3\.0 The plugin "router", which says where this mail goes, fails: /,
    );
    assert.match(String(row?.lastError), why);
    const [trouble] = there.troubles.list;
    assert.equal(trouble?.level, 'critical');
    assert.match(
      trouble?.text ?? '',
      /^The plugin "router" fails at route: .*Meanwhile mail that it is asked about waits\.$/,
    );
    plugin.answer = () => goOn;
    await there.submit('x@a.test');
    assert.deepEqual(places(sender), ['mx.a.test 0']);
    await timers.pass(70_000);
    assert.deepEqual(places(sender), ['mx.a.test 0', '192.0.2.1 0']);
    await timers.pass(70_000);
    assert.deepEqual(there.troubles.list, []);
  });
}

test('a plugin that never answers holds up nothing but what it is asked about, which fails when its lifetime is over', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender, timers } = await begin(t, plugin);
  await there.submit('x@usual.test');
  await there.submit('y@a.test');
  await plugin.asked[1]?.answer(goOn);
  assert.deepEqual(places(sender), ['mx.a.test 0']);
  await timers.pass(11 * 60_000);
  assert.deepEqual(
    bounced(there).map((text) => text.slice(0, 12)),
    ['x@usual.test'],
  );
  // An answer after the end changes nothing.
  await plugin.asked[0]?.answer(goOn);
  assert.deepEqual(places(sender), ['mx.a.test 0']);
});

test('recipients of a message that go the same way share a transaction, also when one answer takes long', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender, timers } = await begin(t, plugin);
  await there.submit('x@usual.test', 'y@a.test', 'z@b.test');
  const [x, y, z] = [...plugin.asked];
  await x?.answer({ kind: 'route', name: 'bulk' });
  await y?.answer({ kind: 'route', name: 'bulk' });
  assert.deepEqual(places(sender), []);
  await timers.pass(3_200);
  assert.deepEqual(places(sender), ['192.0.2.2 0,1']);
  await z?.answer({ kind: 'route', name: 'usual' });
  assert.deepEqual(places(sender), ['192.0.2.2 0,1', '192.0.2.1 2']);
});

test('the first plugin that decides is followed, and one behind it is not asked', async (t) => {
  const [one, two] = [new ModelPlugin('one'), new ModelPlugin('two')];
  const { there, sender } = await begin(t, one, two);
  one.answer = ({ recipient }) => (recipient.startsWith('x') ? goOn : { kind: 'route', name: 'bulk' });
  two.answer = () => ({ kind: 'route', name: 'usual' });
  await there.submit('x@a.test', 'y@a.test');
  assert.deepEqual(places(sender).toSorted(), ['192.0.2.1 0', '192.0.2.2 1']);
  assert.deepEqual(
    two.facts.map(({ recipient }) => recipient),
    ['x@a.test'],
  );
});

test('copies for archives and mail for which a stage has chosen a route are not asked about', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender } = await begin(t, plugin);
  await there.submit(
    { address: 'x@a.test', route: 'bulk' },
    { address: 'archive@usual.test', isCopy: true },
    'z@b.test',
  );
  assert.deepEqual(
    plugin.facts.map(({ recipient }) => recipient),
    ['z@b.test'],
  );
  await plugin.asked[0]?.answer(goOn);
  assert.deepEqual(places(sender).toSorted(), ['192.0.2.1 1', '192.0.2.2 0', 'mx.b.test 2']);
});

test('after a reload plugins are asked again, also about mail that was in flight', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender, timers } = await begin(t, plugin);
  plugin.answer = () => ({ kind: 'route', name: 'bulk' });
  await there.submit('x@usual.test');
  await there.submit('y@usual.test');
  const [first] = sender.all('connect');
  const refusal = {
    by: { kind: 'local' },
    during: 'queue',
    code: 451,
    enhanced: '4.0.0',
    lines: ['later'],
    permanent: false,
  } as const;
  await sender.done(first?.connection ?? 0, [{ recipient: 0, result: 'refused', refusal }], false);
  await sender.closed(first?.connection ?? 0);
  // One waits for its next attempt, the other is in flight.
  plugin.answer = () => ({ kind: 'route', name: 'usual' });
  const asked = plugin.facts.length;
  await there.reload(routed);
  await timers.pass(61_000);
  assert.equal(plugin.facts.length, asked + 1);
  assert.deepEqual(places(sender).at(-1), '192.0.2.1 0');
  const [, second] = sender.all('connect');
  await sender.done(second?.connection ?? 0, [{ recipient: 0, result: 'refused', refusal }], false);
  await sender.closed(second?.connection ?? 0);
  await timers.pass(70_000);
  assert.equal(plugin.facts.length, asked + 2);
  assert.equal(places(sender).at(-1), '192.0.2.1 0');
  // Nobody is asked a second time.
  await timers.pass(30_000);
  assert.equal(plugin.facts.length, asked + 2);
});

test('an answer of before a reload does not count: the question is asked again', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender } = await begin(t, plugin);
  await there.submit('x@usual.test');
  const [before] = [...plugin.asked];
  await there.reload(routed.replace('192.0.2.2', '192.0.2.7'));
  await before?.answer({ kind: 'route', name: 'usual' });
  assert.deepEqual(places(sender), []);
  for (const each of plugin.asked.slice()) await each.answer({ kind: 'route', name: 'bulk' });
  assert.deepEqual(places(sender), ['192.0.2.7 0']);
});

for (const [what, config] of [
  ['leads elsewhere', routed.replace('192.0.2.2', '192.0.2.7')],
  ['is gone', routed.replace('name = "bulk"', 'name = "other"')],
] as const) {
  test(`a reload while an answer waits for others of its message: a route that ${what} is not taken as it was`, async (t) => {
    const plugin = new ModelPlugin();
    const { there, sender, timers } = await begin(t, plugin);
    await there.submit('x@usual.test', 'y@usual.test');
    const [x, y] = [...plugin.asked];
    await x?.answer({ kind: 'route', name: 'bulk' });
    await there.reload(config);
    assert.deepEqual(places(sender), []);
    // The answers of before wait for each other no longer.
    await y?.answer({ kind: 'route', name: 'bulk' });
    await timers.pass(3_200);
    assert.deepEqual(places(sender), []);
    const again = [...plugin.asked];
    assert.deepEqual(
      again.map(({ facts }) => facts.recipient),
      ['x@usual.test', 'y@usual.test'],
    );
    for (const each of again) await each.answer({ kind: 'route', name: 'usual' });
    await timers.pass(3_200);
    assert.deepEqual(places(sender), ['192.0.2.1 0,1']);
  });
}

test('without the plugin, after a reload mail goes by the routing table, whether it was answered or not', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender, timers, options } = await begin(t, plugin);
  await there.submit('x@usual.test');
  await there.submit('y@usual.test');
  await plugin.asked[1]?.answer({ kind: 'tempfail', reply: { code: 450, text: 'Later' } });
  options.switchOff();
  await there.reload(routed);
  await plugin.asked[0]?.answer({ kind: 'route', name: 'bulk' });
  await timers.pass(70_000);
  assert.deepEqual(places(sender), ['192.0.2.1 0', '192.0.2.1 0']);
});

test('at most 256 questions are under way, and all are asked in the end', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender } = await begin(t, plugin);
  for (let message = 0; message < 30; message++)
    await there.submit(...Array.from({ length: 20 }, (_, index) => `u${index}@a.test`));
  assert.equal(plugin.asked.length, 256);
  while (plugin.asked.length > 0) {
    assert.ok(plugin.asked.length <= 256);
    await plugin.asked[0]?.answer(goOn);
  }
  assert.equal(plugin.facts.length, 600);
  assert.ok(places(sender).length > 0);
});

test('mail that was in the queue is asked about when it is due', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender, timers } = await begin(t, plugin);
  const ms = startMs + 120_000;
  const rate = { count: 200, perMs: 3_600_000 };
  const limit = { by: 'user', key: 'joe@example.com', quantity: 'messages', rate } as const;
  await there.submitPaced({ ms, at: ms, limit }, 'x@usual.test');
  await settled();
  assert.equal(plugin.asked.length, 0);
  await timers.pass(121_000);
  assert.equal(plugin.asked.length, 1);
  await plugin.asked[0]?.answer(goOn);
  assert.deepEqual(places(sender), ['192.0.2.1 0']);
});

test('a plugin that fails again and again is left alone for a while, and then one question tries it', async (t) => {
  const plugin = new ModelPlugin();
  plugin.breaker = { failures: 3, restMs: 30_000 };
  const { there, sender, timers } = await begin(t, plugin);
  plugin.answer = () => 'garbage';
  for (let message = 0; message < 5; message++) await there.submit(`u${message}@usual.test`);
  assert.equal(plugin.facts.length, 3);
  assert.match((await rows(there)).at(-1)?.lastError ?? '', /left alone for a while, after its failures/);
  plugin.answer = undefined;
  // All are due after a minute: one of them tries the plugin.
  await timers.pass(61_000);
  assert.equal(plugin.asked.length, 1);
  assert.deepEqual(places(sender), []);
  await plugin.asked[0]?.answer(goOn);
  plugin.answer = () => goOn;
  assert.equal(places(sender).length, 1);
  await timers.pass(61_000);
  assert.equal(plugin.facts.length, 8);
});
