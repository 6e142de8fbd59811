// Adaptation in the scheduler: how replies change the number of connections to a site.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReactionAction, ReactionRule } from '../../src/schedule/adapt/types.ts';
import { configOf, minute, relay, Table, type Connect, type Transact } from './table.ts';
import { broken, ours, refused, said } from '../refusals.ts';

const adapt = { enabled: true, startConnections: 2 };

function reaction(text: string, action: ReactionAction): ReactionRule {
  return { name: text, origin: 'test', source: '', code: '', text, mx: [], action };
}

const slow = reaction('too many', { kind: 'slow', forMs: 5 * minute });

function table(change: ConstructorParameters<typeof Table>[0] = {}): Table {
  return new Table({
    adapt,
    reactions: [slow],
    limits: { perDomain: 50, perSite: 50, perIp: 50 },
    ...change,
  }).know({
    'a.example': relay('a', ['192.0.2.1']),
    'two.example': relay('two', ['192.0.2.1', '192.0.2.2']),
  });
}

function submit(on: Table, count: number, domain = 'a.example'): void {
  for (let at = 0; at < count; at++) on.submit([domain]);
}

function failed(on: Table, grant: Connect | Transact, error: string): void {
  on.done(
    grant,
    grant.transaction.recipients.map((recipient) => refused(recipient, error)),
  );
}

/** Greets the first connection, so that the other start connections follow. */
function begin(on: Table): Connect[] {
  const first = on.connect();
  on.ready(first.connection);
  return [first, ...on.connects()];
}

/** Delivers `count` transactions, each on the oldest grant. Returns the open grants. */
function deliver(on: Table, grants: (Connect | Transact)[], count: number): (Connect | Transact)[] {
  const hand = [...grants];
  for (let at = 0; at < count; at++) {
    const grant = hand.shift();
    assert.ok(grant !== undefined, 'nothing is granted');
    on.done(grant);
    for (const effect of on.take()) {
      if (effect.kind === 'connect' || effect.kind === 'transact') hand.push(effect);
      else if (effect.kind === 'close') on.closed(effect.connection);
    }
  }
  return hand;
}

test('a site starts with few connections and earns more with every message', () => {
  const on = table();
  submit(on, 100);
  let hand: (Connect | Transact)[] = begin(on);
  assert.equal(hand.length, 2);
  assert.match(on.scheduler.sites()[0]?.blockedOn ?? '', /^adaptation allows 2 connections to a so far$/);
  hand = deliver(on, hand, 10);
  assert.equal(on.scheduler.counts().connections, 12);
  assert.equal(hand.length, 12);
});

test('a site that has not greeted starts with the number of connections that a reload sets', () => {
  const on = table();
  submit(on, 100);
  const first = on.connect();
  on.scheduler.reconfigure(configOf({ adapt: { ...adapt, startConnections: 7 } }), on.nowMs);
  on.ready(first.connection);
  assert.equal(on.connects().length, 6);
});

test('when one address of a site hangs, another one is tried after a few seconds', () => {
  const on = table();
  submit(on, 10, 'two.example');
  const hanging = on.connect();
  on.pass(2_900);
  assert.deepEqual(on.take(), []);
  on.pass(200);
  const other = on.connect();
  assert.notEqual(other.hop.ip, hanging.hop.ip);
  assert.match(
    on.scheduler.sites()[0]?.blockedOn ?? '',
    /^two has not answered yet: 2 connections at most until it does$/,
  );
});

test('a site that failed to answer is tried with one connection again', () => {
  const on = table();
  submit(on, 10);
  const first = on.connect();
  on.pass(3_100);
  const second = on.connect();
  for (const { connection } of [first, second])
    on.closed(connection, { kind: 'failed', refusal: broken('no answer') });
  on.take();
  on.pass(60 * minute);
  const hand = on.take().filter(({ kind }) => kind === 'connect');
  assert.equal(hand.length, 1);
});

test('"too many connections" closes half of them, and they come back slowly after a while', () => {
  const on = table();
  submit(on, 400);
  let hand = deliver(on, begin(on), 18);
  assert.equal(on.scheduler.counts().connections, 20);
  for (const grant of hand.slice(0, 6)) failed(on, grant, '421 4.7.0 too many connections');
  const rest = on.take();
  hand = hand
    .slice(6)
    .concat(rest.filter((effect) => effect.kind === 'transact' || effect.kind === 'connect'));
  for (const effect of rest) if (effect.kind === 'close') on.closed(effect.connection);
  // Six connections reported the same moment: the window is halved once, not six times.
  hand = deliver(on, hand, hand.length);
  assert.equal(on.scheduler.counts().connections, 10);
  hand = deliver(on, hand, 60);
  assert.equal(on.scheduler.counts().connections, 10);
  on.pass(5 * minute + 1_000);
  hand = deliver(on, hand.length > 0 ? hand : [], 10);
  assert.equal(on.scheduler.counts().connections, 11);
});

test('a pause closes idle connections and opens none; afterwards one connection is opened', () => {
  const pause = reaction('blocked for now', { kind: 'pause', forMs: 10 * minute });
  const on = table({ reactions: [pause] });
  submit(on, 5);
  const [first, second] = begin(on) as [Connect, Connect];
  failed(on, first, '450 4.7.1 blocked for now');
  on.take();
  on.done(second);
  const closed = on.take().filter(({ kind }) => kind === 'close');
  assert.equal(closed.length, 1);
  assert.match(on.scheduler.sites()[0]?.blockedOn ?? '', /^a is left alone until .*blocked for now/);
  on.closed(first.connection).closed(second.connection);
  on.pass(9 * minute);
  assert.equal(on.scheduler.counts().connections, 0);
  on.pass(2 * minute);
  assert.equal(on.take().filter(({ kind }) => kind === 'connect').length, 1);
});

test('next_host sends the message to another address at once, without counting an attempt', () => {
  const next = reaction('not here', { kind: 'next_host', forMs: minute });
  const on = table({ reactions: [next] });
  submit(on, 1, 'two.example');
  const first = on.connect();
  failed(on, first, '451 4.3.0 not here');
  const effects = on.take();
  assert.equal(
    effects.some(({ kind }) => kind === 'deferred'),
    false,
  );
  const second = effects.find(({ kind }) => kind === 'connect') as Connect;
  assert.notEqual(second.hop.ip, first.hop.ip);
  failed(on, second, '451 4.3.0 not here');
  // Both addresses rest now, so this counts as an attempt.
  assert.equal(
    on.take().some(({ kind }) => kind === 'deferred'),
    true,
  );
});

test('rules turn a 4xx into a failure and a 5xx into another attempt', () => {
  const on = table({
    reactions: [
      reaction('no such user', { kind: 'bounce' }),
      reaction('mailbox is over quota', { kind: 'retry' }),
    ],
  });
  on.submit(['a.example', 'a.example']);
  const grant = on.connect();
  on.done(grant, [refused(0, '450 4.1.1 no such user'), refused(1, '552 5.2.2 mailbox is over quota')]);
  const effects = on
    .take()
    .map((effect) => [effect.kind, 'recipient' in effect ? effect.recipient : undefined]);
  assert.deepEqual(effects, [
    ['failed', 0],
    ['deferred', 1],
  ]);
});

test('a refused connection to a site that serves other connections halves its window; its address does not rest', () => {
  const on = table();
  submit(on, 40);
  const hand = deliver(on, begin(on), 6);
  const opening = hand.filter((grant): grant is Connect => grant.kind === 'connect').slice(-2);
  assert.equal(opening.length, 2);
  for (const { connection } of opening) {
    const refusal = said('421 4.7.0 too many connections from you', 'connect');
    on.closed(connection, { kind: 'failed', refusal });
  }
  on.take();
  assert.equal(on.scheduler.sites()[0]?.blockedOn.includes('421 4.7.0 too many'), true);
});

test('a failure of this host counts against no destination', () => {
  const on = table();
  submit(on, 1);
  const grant = on.connect();
  on.closed(grant.connection, { kind: 'failed', refusal: ours('EMFILE') });
  assert.deepEqual(on.take(), []);
  on.pass(10_000);
  const [again] = on.take();
  assert.equal(again?.kind, 'connect');
});

test('a source that this host cannot use rests while there is another source', () => {
  const sources = ['198.51.100.1', '198.51.100.2', '2001:db8::1'];
  const on = table({ sources, adapt: { enabled: false, startConnections: 2 } });
  submit(on, 20);
  const grants = on.connects();
  assert.equal(grants.length, 20);
  const lost = grants.filter(({ source }) => source === sources[0]);
  assert.equal(lost.length, 10);
  const local = { kind: 'failed', refusal: ours('no such address') } as const;
  for (const { connection } of lost) on.closed(connection, local);
  // All mail goes out from the other source at once, new mail, too.
  submit(on, 5);
  const others = on.connects();
  assert.equal(others.length, 15);
  assert.ok(others.every(({ source }) => source === sources[1]));
  // The other source cannot be used either. Without a source left, the address rests.
  on.closed(others[0]!.connection, local);
  submit(on, 1);
  assert.deepEqual(on.take(), []);
  on.pass(10_000);
  // After the rest both sources are tried again; no attempt was counted.
  assert.ok(on.connects().length > 0);
  submit(on, 20);
  assert.ok([...on.scheduler.recipients()].every(({ attempts }) => attempts === 0));
});

test('without adaptation only the configured limits hold', () => {
  const on = table({ adapt: { enabled: false, startConnections: 2 } });
  submit(on, 30);
  assert.equal(on.connects().length, 30);
});
