// Next hops without an IP address, such as Unix-domain sockets: limits that count by an address do not hold, all others do, and a
// socket that cannot be connected to holds up nobody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionRefusal, localRefusal } from '../../src/message/refusal.ts';
import { discardHop, smtpHop, socketHop } from '../../src/route/next-hop.ts';
import type { NextHopAddress, RoutePlan } from '../../src/route/types.ts';
import type { LimitKey, LimitRule } from '../../src/schedule/limits/types.ts';
import { day, relay, start, Table } from './table.ts';

const path = '/run/dovecot/lmtp';
const socket = socketHop('lmtp', { kind: 'unix', path }, `unix:${path}`, 0);

function planTo(...addresses: readonly NextHopAddress[]): RoutePlan {
  return { kind: 'relay', site: 'lmtp:box', label: 'box', addresses, validUntilMs: start + 30 * day };
}

function every(per: LimitKey, connections: number): LimitRule {
  return { id: per, name: '', origin: 'test', per: [per], match: {}, connections, isOverride: false };
}

function tableWith(rules: readonly LimitRule[], plan = planTo(socket)): Table {
  const on = new Table({ limits: { perDomain: 1_000, perSite: 1_000, perIp: 1_000, rules } });
  return on.know({ 'box.test': plan, 'far.test': relay('far', ['192.0.2.1']) });
}

function submit(on: Table, count: number, domain = 'box.test'): void {
  for (let at = 0; at < count; at++) on.submit([domain]);
}

for (const per of ['ip', 'network'] as const) {
  test(`a limit per ${per} does not hold for a Unix-domain socket`, () => {
    const on = tableWith([every(per, 1)]);
    submit(on, 5);
    submit(on, 5, 'far.test');
    const opened = on.connects().map(({ hop }) => hop.key);
    assert.equal(opened.filter((key) => key === `unix:${path}`).length, 5);
    assert.equal(opened.filter((key) => key === '192.0.2.1:25').length, 1);
  });
}

for (const [per, blocked] of [
  ['domain', 'limit domain box.test (2) is full'],
  ['site', 'limit site lmtp:box (2) is full'],
  ['mx', `limit mx unix:${path} (2) is full`],
  ['source', 'limit source any (2) is full'],
] as const) {
  test(`a limit per ${per} holds for a Unix-domain socket`, () => {
    const on = tableWith([every(per, 2)]);
    submit(on, 5);
    assert.equal(on.connects().length, 2);
    assert.equal(on.scheduler.sites()[0]?.blockedOn, blocked);
  });
}

test('what cannot be connected to rests alone: other mail goes on, no attempt is counted, another server takes the mail', () => {
  const second = socketHop('lmtp', { kind: 'tcp', ip: '127.0.0.1', port: 24 }, '127.0.0.1', 1);
  const on = tableWith([], planTo(socket, second));
  submit(on, 1);
  const [first] = on.connects();
  assert.equal(first?.hop.key, `unix:${path}`);
  const text = `unix:${path}: no server listens at the socket; start it`;
  const refusal = localRefusal({ during: 'connect', code: 0, enhanced: '4.3.0', text, permanent: false });
  on.closed(first!.connection, { kind: 'failed', refusal });
  submit(on, 1, 'far.test');
  assert.deepEqual(
    on
      .connects()
      .map(({ hop }) => hop.key)
      .toSorted(),
    ['127.0.0.1:24', '192.0.2.1:25'],
  );
  assert.ok([...on.scheduler.recipients()].every(({ attempts }) => attempts === 0));
});

for (const last of ['socket', 'server'] as const) {
  test(`when neither a socket nor a TCP server can be reached, the ${last} that failed last decides about the attempt`, () => {
    const server = (preference: number) =>
      socketHop('lmtp', { kind: 'tcp', ip: '127.0.0.1', port: 24 }, '127.0.0.1', preference);
    const on = tableWith([], last === 'server' ? planTo(socket, server(1)) : planTo(server(-1), socket));
    submit(on, 1);
    const gone = localRefusal({ during: 'connect', code: 0, enhanced: '', text: 'gone', permanent: false });
    for (let tried = 0; tried < 2; tried++) {
      const [one] = on.connects().slice(-1);
      assert.ok(one !== undefined);
      const isSocket = one.hop.key === `unix:${path}`;
      assert.equal(isSocket, (last === 'socket') === (tried === 1));
      const refusal = isSocket ? gone : connectionRefusal(one.hop, 'connect', 'connection refused');
      on.closed(one.connection, { kind: 'failed', refusal });
    }
    assert.deepEqual(
      [...on.scheduler.recipients()].map(({ attempts }) => attempts),
      [last === 'server' ? 1 : 0],
    );
  });
}

test('mail for a socket without a server waits for the rest of the socket, and then goes', () => {
  const on = tableWith([]);
  submit(on, 3);
  const refusal = localRefusal({ during: 'connect', code: 0, enhanced: '', text: 'gone', permanent: false });
  for (const { connection } of on.connects()) on.closed(connection, { kind: 'failed', refusal });
  assert.deepEqual(on.take(), []);
  assert.match(
    on.scheduler.sites()[0]?.blockedOn ?? '',
    /^unix:\/run\/dovecot\/lmtp rests until .* \(gone\)$/,
  );
  on.pass(10_000);
  assert.equal(on.connects().length, 1, 'one connection probes it');
  assert.ok([...on.scheduler.recipients()].every(({ attempts }) => attempts === 0));
});

test('sources do not matter to what has no IP address', () => {
  const on = new Table({ sources: ['198.51.100.1', '2001:db8::1'] }).know({ 'box.test': planTo(socket) });
  submit(on, 1);
  assert.deepEqual(
    on.connects().map(({ source }) => source),
    [''],
  );
});

test('an explanation tells the transport and the endpoint', () => {
  const on = tableWith([], planTo(socket, discardHop, smtpHop('mx.test', '2001:db8::1', 25, 2)));
  const plan = on.plans.get('mx:box.test');
  assert.ok(plan?.kind === 'relay');
  const { places } = on.scheduler.explain('mx:box.test', 'box.test', '', plan, start);
  assert.deepEqual(
    places.map(({ transport, endpoint, ip, port }) => [transport, endpoint, ip, port]),
    [
      ['lmtp', `unix:${path}`, '', 0],
      ['discard', 'discard', '', 0],
      ['smtp', '[2001:db8::1]:25', '2001:db8::1', 25],
    ],
  );
});
