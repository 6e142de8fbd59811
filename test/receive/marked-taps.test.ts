// Taps that fire on what a stage has found out, in real sessions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressExpression } from '../../src/policy/taps/address-expression.ts';
import { TapRules } from '../../src/policy/taps/tap-rules.ts';
import { type NotedCopy, type TapSet, TapStage } from '../../src/policy/taps/tap-stage.ts';
import { type Stage, type Verdict, goOn } from '../../src/policy/stage.ts';
import { sendMessage } from '../policy/milter/milter-fixture.ts';
import { type Fixture, greeted, start } from './fixture.ts';

/** Copies what is to any address. */
function tap(name: string, copyTo: string, results?: TapSet['results']): TapSet {
  const expression = addressExpression('');
  const rules = new TapRules([{ side: 'either', expression, isNegated: false, copyTo, text: 'match' }]);
  return { name, direction: 'both', tenants: undefined, rules, results };
}

const isSpam = { stage: 'rspamd', key: 'verdict', value: 'spam' };
const isVirus = { stage: 'clamav', key: 'verdict', value: 'virus' };

/** Says what the Subject says. */
function scanner(name: string, more: Partial<Verdict> = {}): Stage {
  return {
    name,
    content: ({ header }) => {
      const subject = header.fields.find((field) => field.name === 'subject')?.value.trim();
      const verdict =
        subject === 'virus' && name === 'clamav' ? 'virus' : subject === 'spam' ? 'spam' : 'clean';
      return { kind: 'continue', result: { verdict }, ...more } as Verdict;
    },
  };
}

async function copiesOf(fixture: Fixture, subject: string): Promise<readonly string[]> {
  const count = fixture.spool.kept.length;
  const content = `Subject: ${subject}\r\n\r\nx\r\n`;
  await sendMessage(await greeted(fixture), { content });
  const { recipients = [] } = fixture.spool.kept[count]?.envelope ?? {};
  return recipients.flatMap(({ address, isCopy }) => (isCopy === true ? [address] : []));
}

test('a tap with results copies what a stage has marked, and nothing else', async (t) => {
  const copies: NotedCopy[] = [];
  const taps = new TapStage(
    [tap('all', 'archive@example.com'), tap('bad', 'abuse@example.com', [isSpam, isVirus])],
    (copy) => copies.push(copy),
  );
  const stages = [scanner('clamav'), scanner('rspamd'), taps].map((stage) => ({ stage }));
  const fixture = await start(t, { stages, settings: { maxConnectionsPerClient: 9, maxConnections: 9 } });
  assert.deepEqual(await copiesOf(fixture, 'x'), ['archive@example.com']);
  assert.deepEqual(await copiesOf(fixture, 'spam'), ['archive@example.com', 'abuse@example.com']);
  assert.deepEqual(await copiesOf(fixture, 'virus'), ['archive@example.com', 'abuse@example.com']);
  assert.deepEqual(
    copies.map(({ set }) => set),
    ['all', 'all', 'bad', 'all', 'bad'],
  );
});

test('an address gets one copy, whichever taps are for it', async (t) => {
  const taps = new TapStage(
    [tap('all', 'Archive@example.com'), tap('bad', 'archive@example.com', [isSpam])],
    () => undefined,
  );
  const fixture = await start(t, { stages: [{ stage: scanner('rspamd') }, { stage: taps }] });
  assert.deepEqual(await copiesOf(fixture, 'spam'), ['Archive@example.com']);
});

test('the copies of what takes a route of its own go their own way', async (t) => {
  const taps = new TapStage(
    [{ ...tap('bad', 'abuse@example.com', [isSpam]), route: 'partner' }],
    () => undefined,
  );
  const marks = scanner('rspamd', { edits: [{ kind: 'set-route', route: 'bulk' }] });
  const fixture = await start(t, { stages: [{ stage: marks }, { stage: taps }] });
  await copiesOf(fixture, 'spam');
  assert.deepEqual(
    fixture.spool.kept[0]?.envelope.recipients.map(({ route }) => route),
    ['bulk', 'partner'],
  );
});

test('what is refused or dropped gets no copy, and a message is not looked at where no tap wants a result', async (t) => {
  const results = new TapStage([tap('bad', 'abuse@example.com', [isSpam])], () => assert.fail('no copy'));
  const refuses: Stage = {
    name: 'rspamd',
    content: () => ({ kind: 'reject', reply: { code: 550, enhanced: '5.7.1', text: 'Spam' } }),
  };
  const fixture = await start(t, { stages: [{ stage: refuses }, { stage: results }] });
  assert.deepEqual(await copiesOf(fixture, 'spam'), []);
  assert.deepEqual(fixture.spool.kept, []);
  assert.equal(results.asksAt('data'), false);
  const early = new TapStage([tap('all', 'archive@example.com')], () => undefined);
  assert.deepEqual([early.asksAt('data'), early.asksAt('content')], [true, false]);
  assert.equal(results.content({ results: undefined } as Parameters<typeof results.content>[0]), goOn);
});
