// Attempts in addition to the retry schedule: whoever asks for them, and however often, makes no mail wait longer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Effect, MessageHandle, RecipientResult } from '../../src/schedule/types.ts';
import { smtpHop } from '../../src/route/next-hop.ts';
import type { NextHopAddress, RoutePlan } from '../../src/route/types.ts';
import type { LoginFailure } from '../../src/values/login-outcome.ts';
import { broken } from '../refusals.ts';
import { minute, noRoute, relay, start, Table } from './table.ts';

const site = relay('site', ['192.0.2.1']);

const deferredOf = (effects: readonly Effect[]) =>
  effects
    .filter((effect) => effect.kind === 'deferred')
    .map(({ recipient, attempts, nextAttemptAtMs }) => [
      recipient,
      attempts,
      (nextAttemptAtMs - start) / minute,
    ]);

/** The recipients were refused for now once, at the start: they are due after 5 minutes. */
function refusedOnce(domains: readonly string[]): { table: Table; message: MessageHandle } {
  const table = new Table().know(Object.fromEntries(domains.map((domain) => [domain, noRoute(false)])));
  const message = table.submit(domains);
  assert.equal(deferredOf(table.take()).length, domains.length);
  return { table, message };
}

test('only the recipients that are named become due', () => {
  const { message, table } = refusedOnce(['a.example', 'b.example', 'a.example']);
  assert.equal(table.scheduler.retryNow(message, table.nowMs, new Set([0, 2])), 2);
  assert.deepEqual(deferredOf(table.take()), [
    [0, 1, 5],
    [2, 1, 5],
  ]);
  const others = table.scheduler.recipientsOf(message).map(({ attempts, state }) => [state, attempts]);
  assert.deepEqual(
    others,
    Array.from({ length: 3 }, () => ['waiting', 1]),
  );
});

test('recipients of one task part when only some of them are named', () => {
  const table = new Table({ addressRestMs: [1] }).know({ 'a.example': site, 'b.example': site });
  const message = table.submit(['a.example', 'b.example']);
  const connect = table.connect();
  table.ready(connect.connection).done(connect, 'tempfail');
  assert.deepEqual(deferredOf(table.take()), [
    [0, 1, 5],
    [1, 1, 5],
  ]);
  assert.equal(table.scheduler.retryNow(message, table.nowMs, new Set([1])), 1);
  const states = table.scheduler.recipientsOf(message).map(({ recipient, state }) => [recipient, state]);
  assert.deepEqual(new Map(states as [number, string][]), new Map([[0, 'waiting'], [1, 'active']])); // prettier-ignore
});

test('one that fails after its time was reached counts', () => {
  const table = new Table().know({ 'a.example': site });
  const message = table.submit([{ domain: 'a.example', attempts: 1, nextAttemptAtMs: start + minute }]);
  assert.equal(table.scheduler.retryNow(message, table.nowMs, new Set([0])), 1);
  const connect = table.connect();
  table.nowMs += 2 * minute;
  table.ready(connect.connection).done(connect, 'tempfail');
  assert.deepEqual(deferredOf(table.take()), [[0, 2, 12]]);
});

test('what could not be tried for want of a place counts no attempt, and comes again when it was told to', () => {
  const table = new Table().know({ 'a.example': site });
  table.submit(['a.example', 'a.example']);
  const refusal = broken('it waits for its turn');
  const busy = { recipient: 0, result: 'refused', refusal, retryInMs: minute / 2 } as const;
  const done = (results: readonly RecipientResult[]): void => {
    const connect = table.connect();
    table.ready(connect.connection).done(connect, results, false).closed(connect.connection);
  };
  done([busy, { recipient: 1, result: 'refused', refusal }]);
  assert.deepEqual(deferredOf(table.take()), [
    [0, 0, 1 / 2],
    [1, 1, 5],
  ]);
  for (const at of [1, 3 / 2]) {
    table.pass(minute / 2);
    done([busy]);
    assert.deepEqual(deferredOf(table.take()), [[0, 0, at]]);
  }
  table.pass(minute / 2);
  done([{ recipient: 0, result: 'refused', refusal }]);
  assert.deepEqual(deferredOf(table.take()), [[0, 1, 13 / 2]]);
});

test('however often extra attempts fail, the schedule and the rests of the address stay', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 59_000 }), { maxLength: 30 }), (waits) => {
      const table = new Table().know({ 'a.example': site });
      const message = table.submit(['a.example']);
      table.refused(table.connect().connection);
      assert.deepEqual(deferredOf(table.take()), [[0, 1, 5]]);
      for (const waitMs of waits) {
        if (table.nowMs + waitMs >= start + 5 * minute) break;
        table.pass(waitMs);
        table.scheduler.retryNow(message, table.nowMs, new Set([0]));
        table.refused(table.connect().connection);
        assert.deepEqual(deferredOf(table.take()), [[0, 1, 5]]);
      }
      // The rest that the first failure began was a minute: so is the last one.
      table.pass(minute);
      table.submit(['a.example']);
      table.connect();
    }),
  );
});

test('a host that refused the password is not asked again before its time', () => {
  const hop = { ...smtpHop('mx.site', '192.0.2.1', 25, 10), login: { credential: 'c' } } as NextHopAddress;
  const plan: RoutePlan = { ...(site as Extract<RoutePlan, { kind: 'relay' }>), addresses: [hop] };
  const table = new Table().know({ 'a.example': plan });
  const message = table.submit(['a.example']);
  const refusal = broken('535 no');
  table.closed(table.connect().connection, {
    kind: 'failed',
    refusal,
    login: { lack: 'refused' } as LoginFailure,
  });
  table.take();
  table.scheduler.retryNow(message, table.nowMs, new Set([0]));
  assert.deepEqual(table.take(), []);
  table.scheduler.retryNow(message, table.nowMs);
  table.connect();
});
