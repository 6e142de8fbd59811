// Each trait of a simulated host by itself, and several of them on one host.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/schedule/store/random.ts';
import type { ConnectionHandle, RecipientResult } from '../../src/schedule/types.ts';
import { Host } from '../../src/simulate/host.ts';
import type { Trait, Visit } from '../../src/simulate/trait.ts';
import { Ban } from '../../src/simulate/traits/ban.ts';
import { Dead } from '../../src/simulate/traits/dead.ts';
import { Drops } from '../../src/simulate/traits/drops.ts';
import { Greylist } from '../../src/simulate/traits/greylist.ts';
import { RateLimit } from '../../src/simulate/traits/rate-limit.ts';
import { Rejects } from '../../src/simulate/traits/rejects.ts';
import { Storm } from '../../src/simulate/traits/storm.ts';
import { Tarpit } from '../../src/simulate/traits/tarpit.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import type { NextHopAddress } from '../../src/route/types.ts';

const minute = 60_000;

function to(ip: string, host = 'mx.a.example'): NextHopAddress {
  return smtpHop(host, ip, 25, 10);
}

function visit(change: Partial<Visit> = {}): Visit {
  return {
    connection: 0 as ConnectionHandle,
    site: 'site',
    hop: to('192.0.2.1'),
    source: '',
    ...change,
  };
}

function hostWith(...traits: Trait[]): Host {
  return new Host({ latencyMs: 10, bytesPerMs: 1_000, traits, offers: ['PIPELINING'] });
}

/** The refusal of a recipient; empty when it was accepted. */
function told(each: RecipientResult): string {
  return each.result === 'delivered' ? '' : refusalText(each.refusal);
}

/** The refusal of a recipient; undefined when it was accepted. */
function isPermanent(each: RecipientResult): boolean | undefined {
  return each.result === 'delivered' ? undefined : each.refusal.permanent;
}

function replies(host: Host, recipients: readonly number[], nowMs: number, message = 0): string[] {
  return host.transact(visit(), message, recipients, nowMs).results.map((each) => told(each).slice(0, 9));
}

test('a host without traits accepts everything', () => {
  const host = hostWith();
  assert.equal(host.connect(visit(), 0), undefined);
  const verdict = host.transact(visit(), 0, [0, 3], 0);
  assert.deepEqual(
    verdict.results.map(({ recipient, result }) => [recipient, result]),
    [
      [0, 'delivered'],
      [3, 'delivered'],
    ],
  );
  assert.deepEqual(verdict.taken, [0, 3]);
  assert.equal(verdict.hangsUp, false);
});

test('greylisting defers each recipient of each message until its time has passed', () => {
  const host = hostWith(new Greylist(5 * minute));
  assert.deepEqual(replies(host, [0, 1], 0), ['450 4.7.1', '450 4.7.1']);
  assert.deepEqual(replies(host, [0], 5 * minute - 1), ['450 4.7.1']);
  assert.deepEqual(replies(host, [0, 2], 5 * minute), ['', '450 4.7.1']);
  assert.deepEqual(replies(host, [0], 5 * minute, 1), ['450 4.7.1']);
});

test('a ban begins with one connection too many, refuses all connections for its time, and is counted', () => {
  const ban = new Ban({ connections: 2, per: 'ip', forMs: minute, reply: '421 4.7.0 Too many' });
  const host = hostWith(ban);
  assert.equal(host.connect(visit(), 0), undefined);
  assert.equal(host.connect(visit(), 0), undefined);
  assert.deepEqual(host.connect(visit(), 0), {
    kind: 'greeting',
    reply: '421 4.7.0 Too many',
    ban: 'begins',
  });
  for (let open = 0; open < 3; open++) host.disconnect(visit());
  assert.equal(host.connect(visit(), minute - 1)?.ban, 'lasts');
  host.disconnect(visit());
  assert.equal(host.connect(visit(), minute), undefined);
  assert.deepEqual([ban.count, ban.mostOpen, host.open, host.mostOpen], [1, 3, 1, 3]);
});

const scopes = [
  ['ip', { hop: to('192.0.2.2') }],
  ['mx', { hop: to('192.0.2.1', 'mx.b.example') }],
  ['network', { hop: to('192.0.3.1') }],
] as const;
for (const [per, other] of scopes) {
  test(`a ban per ${per} is for connections to that ${per} from that source`, () => {
    const ban = new Ban({ connections: 1, per, forMs: minute, reply: '' });
    assert.equal(ban.connect(visit(), 0), undefined);
    assert.equal(ban.connect(visit({ source: '198.51.100.1' }), 0), undefined);
    assert.equal(ban.connect(visit(other), 0), undefined);
    assert.equal(ban.connect(visit(), 0)?.kind, 'refused');
    assert.equal(ban.connect(visit(), 0)?.ban, 'lasts');
    assert.equal(ban.count, 1);
  });
}

test('a ban per destination counts over all its addresses, and a ban per network over neighbouring addresses', () => {
  const everywhere = new Ban({ connections: 1, per: 'destination', forMs: minute, reply: '' });
  everywhere.connect(visit(), 0);
  assert.equal(everywhere.connect(visit({ hop: to('2001:db8::1', 'mx.b.example') }), 0)?.ban, 'begins');
  const network = new Ban({ connections: 1, per: 'network', forMs: minute, reply: '' });
  network.connect(visit({ hop: to('2001:db8::1') }), 0);
  assert.equal(network.connect(visit({ hop: to('2001:db8::ffff') }), 0)?.ban, 'begins');
  assert.equal(network.connect(visit({ hop: to('2001:db8:0:1::1') }), 0), undefined);
});

test('a storm repeats, and affects connections and transactions', () => {
  const host = hostWith(
    new Storm({ everyMs: 10 * minute, forMs: minute, share: 1, firstMs: minute }, new Random(1)),
  );
  const stormy = [0, 1, 1.9, 2, 10.9, 11, 11.9, 12].filter(
    (at) => host.connect(visit(), at * minute) !== undefined,
  );
  assert.deepEqual(stormy, [1, 1.9, 11, 11.9]);
  const verdict = host.transact(visit(), 0, [0], minute);
  assert.equal(verdict.hangsUp, true);
  assert.match(told(verdict.results[0]!), /^421 /u);
  assert.deepEqual(verdict.taken, []);
});

test('a rate limit accepts its number of messages in each window and defers the others', () => {
  const host = hostWith(new RateLimit({ messages: 2, perMs: minute, reply: '450 4.7.28 Slow down' }));
  const taken = [0, 1, 2, minute - 1, minute, minute + 1, minute + 2].map(
    (nowMs) => replies(host, [0], nowMs)[0] === '',
  );
  assert.deepEqual(taken, [true, true, false, false, true, true, false]);
});

test('dead hosts are silent or refuse, and only in their time', () => {
  const host = hostWith(new Dead({ how: 'silent', fromMs: 10, untilMs: 20 }));
  assert.deepEqual(
    [9, 10, 19, 20].map((nowMs) => host.connect(visit(), nowMs)?.kind),
    [undefined, 'silent', 'silent', undefined],
  );
});

test('a tarpit delays greeting and replies', () => {
  const host = hostWith(new Tarpit(60_000, 30_000));
  assert.deepEqual([host.greetingDelayMs(visit(), 0), host.replyDelayMs(visit(), 0)], [60_000, 30_000]);
});

test('dropped transactions lose everything, and sometimes only the answer', () => {
  const host = hostWith(new Drops({ busy: 1 }, new Random(3)));
  const taken = Array.from({ length: 100 }, () => {
    const verdict = host.transact(visit(), 0, [0], 0);
    assert.equal(verdict.hangsUp, true);
    assert.equal(isPermanent(verdict.results[0]!), false);
    return verdict.taken.length;
  });
  assert.deepEqual(new Set(taken), new Set([0, 1]));
});

test('drops happen as often as configured', () => {
  const drops = new Drops({ connecting: 0.25, ready: 0.25, idle: 0.25 }, new Random(5));
  const part = (happens: () => boolean): number =>
    Array.from({ length: 2_000 }, happens).filter(Boolean).length / 2_000;
  for (const chance of [
    part(() => drops.connect() !== undefined),
    part(() => drops.hangsUpEarly()),
    part(() => drops.closesIdleAfterMs() >= 0),
  ])
    assert.ok(Math.abs(chance - 0.25) < 0.04, `${chance}`);
});

test('unknown and deferred recipients are told from each other', () => {
  const host = hostWith(new Rejects(0.5, 0.5, new Random(1)));
  const results = new Set(
    Array.from({ length: 50 }, () => isPermanent(host.transact(visit(), 0, [0], 0).results[0]!)),
  );
  assert.deepEqual(results, new Set([true, false]));
});

test('every trait of a host hears of a connection, and the first that objects gives the reply', () => {
  const ban = new Ban({ connections: 1, per: 'ip', forMs: minute, reply: '554 no' });
  const host = hostWith(new Dead({ how: 'refused', fromMs: 0, untilMs: 10 }), ban, new Greylist(minute));
  assert.equal(host.connect(visit(), 0)?.kind, 'refused');
  assert.equal(host.connect(visit(), 0)?.kind, 'refused');
  assert.equal(ban.count, 1);
  assert.equal(host.connect(visit(), 10)?.reply, '554 no');
  assert.deepEqual(replies(host, [0], 10), ['450 4.7.1']);
});
