// Mail whose way a table says, in a manager: it waits where the table cannot answer, moves when the table changes, and operators see where to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../../sim/virtual-timers.ts';
import type { JobReport } from '../../../src/control/operations/queue-change.ts';
import type { QueuePage, SourceRow } from '../../../src/control/operations/queue-pages.ts';
import type { RouteTables } from '../../../src/manager/ports.ts';
import { absent, type Answer } from '../../../src/table/table.ts';
import { type Ground, ground, type SenderAtHand } from '../assembled.ts';
import { ModelPlugin, routed, routedBy } from '../plugins/model-plugin.ts';

type Values = Readonly<Record<string, string>>;

/** A table of the form "transport" whose content the test changes. */
class ModelTable implements RouteTables {
  values: Values = {};
  /** Why it cannot answer; empty: it can. */
  failure = '';
  /** Its answers come when the test says so. */
  isSlow = false;
  readonly #waiting: (() => void)[] = [];
  #changed: () => void = () => undefined;

  open: RouteTables['open'] = ({ routeTable }) =>
    routeTable.map((each) => ({
      ...each,
      source: { lookup: (keys: readonly string[]) => this.#lookup(keys) },
    }));

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  change(values: Values): Promise<void> {
    this.values = values;
    this.#changed();
    return settled();
  }

  answer(): Promise<void> {
    for (const each of this.#waiting.splice(0)) each();
    return settled();
  }

  #lookup(keys: readonly string[]): readonly Answer[] | Promise<readonly Answer[]> {
    const answers = () =>
      keys.map((key): Answer => {
        if (this.failure !== '') return { kind: 'failing', reason: this.failure };
        const value = this.values[key];
        return value === undefined ? absent : { kind: 'found', values: [value] };
      });
    if (!this.isSlow) return answers();
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(answers()));
    });
  }
}

const config = `${routed}
[[table]]
name = "transport"
path = "transport"
kind = "postmap"
[[route_table]]
table = "transport"
`;

async function begin(t: Parameters<typeof ground>[0], values: Values, ...plugins: ModelPlugin[]) {
  const timers = new VirtualTimers();
  const table = new ModelTable();
  table.values = values;
  const options = { ...routedBy(timers, ...plugins), config, routeTables: table };
  const there = await ground(t, options);
  return { there, timers, table, sender: await there.sender(1) };
}

function places(sender: SenderAtHand): readonly string[] {
  return sender.all('connect').map(({ hop, work }) => `${hop.host} ${work.recipients.join(',')}`);
}

async function rows({ ask }: Ground): Promise<readonly SourceRow[]> {
  const [answer] = await ask('page', { filter: {} });
  assert.ok(answer?.kind === 'response' && 'result' in answer);
  return (answer.result as QueuePage).rows;
}

async function rerouted(at: Ground, question: object): Promise<JobReport> {
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'reroute', filter: {}, ...question });
  for (let turns = 0; operator.told.length === 0 && turns < 100; turns++) await at.timers.pass(10);
  const [answer] = operator.told;
  assert.ok(answer !== undefined && 'result' in answer, JSON.stringify(answer));
  return answer.result as JobReport;
}

test('a table says the way before a [[route]], and recipients of one way share a transaction', async (t) => {
  const { there, sender } = await begin(t, { 'a.test': ':[192.0.2.7]', 'b.test': 'smtp:[192.0.2.7]' });
  await there.submit('x@a.test', 'x@b.test', 'x@usual.test');
  assert.deepEqual(places(sender).toSorted(), ['192.0.2.1 2', '192.0.2.7 0,1']);
});

test('mail whose table always fails goes back at the end of its lifetime', async (t) => {
  const { there, table, timers } = await begin(t, {});
  table.failure = 'its disk is gone';
  const queueId = await there.submit('x@usual.test');
  await timers.pass(11 * 60_000);
  assert.ok(there.store.told.includes(`settle failed ${queueId} 0`), there.store.told.join(', '));
});

test('mail waits with the reason while the table cannot answer, and goes when it can again', async (t) => {
  const { there, sender, table, timers } = await begin(t, { 'usual.test': 'bulk:' });
  table.failure = 'its disk is gone';
  await there.submit('x@usual.test');
  await timers.pass(10);
  assert.deepEqual(places(sender), []);
  const [row] = await rows(there);
  assert.equal(row?.state, 'waiting');
  assert.match(
    String(row?.lastError),
    /^451 4\.3\.0 The table "transport" cannot say where it goes: its disk is gone$/,
  );
  table.failure = '';
  await timers.pass(60_000);
  assert.deepEqual(places(sender), ['192.0.2.2 0']);
});

test('an entry that names no route that exists makes its mail wait, and other mail goes on', async (t) => {
  const { there, sender, timers } = await begin(t, { 'a.test': 'slow:' });
  await there.submit('x@a.test', 'x@usual.test');
  await timers.pass(10);
  assert.deepEqual(places(sender), ['192.0.2.1 1']);
  const waiting = (await rows(there)).find(({ state }) => state === 'waiting');
  assert.match(String(waiting?.lastError), /The entry "slow:" of the table "transport" cannot be used/);
});

test('a table that answers late holds up its own mail alone', async (t) => {
  const { there, sender, table } = await begin(t, { 'a.test': ':[192.0.2.7]' });
  table.isSlow = true;
  await there.submit('x@a.test');
  assert.deepEqual(places(sender), []);
  table.isSlow = false;
  await there.submit('x@usual.test');
  assert.deepEqual(places(sender), ['192.0.2.1 0']);
  await table.answer();
  assert.deepEqual(places(sender), ['192.0.2.1 0', '192.0.2.7 0']);
});

test('a change of the table moves what waits, and what it does not concern stays', async (t) => {
  const { there, sender, table, timers } = await begin(t, {
    'a.test': 'retry:4.3.2 not now',
    'b.test': 'retry:4.3.2 not now',
  });
  await there.submit('x@a.test', 'x@b.test');
  await timers.pass(10);
  assert.deepEqual(places(sender), []);
  await table.change({ 'a.test': ':[192.0.2.7]', 'b.test': 'retry:4.3.2 not now' });
  await timers.pass(70_000);
  assert.deepEqual(places(sender), ['192.0.2.7 0']);
});

test('an answer from before a change of the table does not count', async (t) => {
  const { there, sender, table } = await begin(t, { 'a.test': ':[192.0.2.7]' });
  table.isSlow = true;
  await there.submit('x@a.test');
  table.isSlow = false;
  await table.change({ 'a.test': ':[192.0.2.8]' });
  await table.answer();
  assert.deepEqual(places(sender), ['192.0.2.8 0']);
});

test('a plugin comes before the table, which says the way of what the plugin leaves', async (t) => {
  const plugin = new ModelPlugin();
  const { there, sender } = await begin(t, { '*': ':[192.0.2.7]' }, plugin);
  await there.submit('x@a.test', 'x@b.test');
  const [one, two] = [...plugin.asked];
  await one?.answer({ kind: 'route', name: 'bulk' });
  await two?.answer({ kind: 'continue' });
  assert.deepEqual(places(sender).toSorted(), ['192.0.2.2 0', '192.0.2.7 1']);
});

test('a copy for an archive goes by the table, and shares no connection with other mail', async (t) => {
  const { there, sender } = await begin(t, { '*': ':[192.0.2.7]' });
  await there.submit('x@a.test', { address: 'archive@a.test', isCopy: true });
  assert.deepEqual(places(sender).toSorted(), ['192.0.2.7 0', '192.0.2.7 1']);
});

test('a reroute tells what would go another way, and moves it', async (t) => {
  const { there, sender, table, timers } = await begin(t, { '*': 'retry:4.3.2 not now' });
  await there.submit('x@a.test', 'x@b.test');
  await there.submit('x@a.test');
  await timers.pass(10);
  // As in a database, whose changes nobody sees.
  table.values = { 'a.test': 'bulk:', '*': 'retry:4.3.2 not now' };
  const planned = await rerouted(there, { dryRun: true });
  assert.deepEqual([planned.recipients, planned.messages], [2, 2]);
  assert.deepEqual(planned.preview?.moves, [
    { from: '450 4.3.2 not now', to: '[[route]] bulk', recipients: 2 },
  ]);
  assert.deepEqual((await rerouted(there, { dryRun: true })).recipients, 2);
  const done = await rerouted(there, {});
  assert.deepEqual([done.recipients, done.messages, done.state], [2, 2, 'done']);
  assert.equal((await rerouted(there, { dryRun: true })).recipients, 0);
  await timers.pass(70_000);
  assert.ok(places(sender).every((place) => place.startsWith('192.0.2.2 ')));
  assert.ok(places(sender).length > 0);
});
