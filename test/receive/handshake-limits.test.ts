// Limits of handshakes: how many are under way, how often a client may fail, and that memory is bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HandshakeLimits, type HandshakeLimitSettings } from '../../src/receive/handshake-limits.ts';

const settings: HandshakeLimitSettings = {
  maxHandshakes: 3,
  maxHandshakesPerClient: 2,
  failuresPerClient: { count: 2, perMs: 60_000 },
};

test('handshakes are limited in all and per client, until they end', () => {
  const limits = new HandshakeLimits(settings);
  assert.equal(limits.begin('192.0.2.1', 0), undefined);
  assert.equal(limits.begin('192.0.2.1', 0), undefined);
  assert.equal(limits.begin('192.0.2.1', 0), 'client');
  assert.equal(limits.begin('192.0.2.2', 0), undefined);
  assert.equal(limits.begin('192.0.2.3', 0), 'all');
  limits.end('192.0.2.1', false, 1);
  assert.equal(limits.begin('192.0.2.3', 1), undefined);
});

test('a client that has failed too often is refused until its rate is lower, and others are not', () => {
  const limits = new HandshakeLimits(settings);
  for (const nowMs of [0, 1_000]) {
    assert.equal(limits.begin('192.0.2.1', nowMs), undefined);
    limits.end('192.0.2.1', true, nowMs);
  }
  assert.equal(limits.begin('192.0.2.1', 2_000), 'failures');
  assert.equal(limits.begin('192.0.2.2', 2_000), undefined);
  assert.equal(limits.begin('192.0.2.1', 29_999), 'failures');
  assert.equal(limits.begin('192.0.2.1', 30_000), undefined);
});

test('clients without an address have no limit of their own', () => {
  const limits = new HandshakeLimits(settings);
  for (let i = 0; i < 3; i++) assert.equal(limits.begin('', 0), undefined);
  assert.equal(limits.begin('', 0), 'all');
  for (let i = 0; i < 3; i++) limits.end('', true, 0);
  assert.equal(limits.begin('', 0), undefined);
  assert.equal(limits.clients, 0);
});

test('what succeeds is forgotten, and of clients that have failed the latest are remembered', () => {
  const limits = new HandshakeLimits(settings);
  limits.begin('192.0.2.1', 0);
  limits.end('192.0.2.1', false, 0);
  assert.equal(limits.clients, 0);
  limits.begin('held', 0);
  for (let i = 0; i < 30_000; i++) {
    limits.begin(`client ${i}`, i);
    limits.end(`client ${i}`, true, i);
  }
  assert.ok(limits.clients <= 10_002, `${limits.clients} clients`);
  assert.equal(limits.underWay, 1);
  limits.end('held', false, 30_000);
  assert.equal(limits.underWay, 0);
});

test('a limit of failures that is switched off by a reload refuses nobody', () => {
  const limits = new HandshakeLimits({ ...settings, failuresPerClient: { count: 0, perMs: 60_000 } });
  for (let i = 0; i < 100; i++) {
    assert.equal(limits.begin('192.0.2.1', i), undefined);
    limits.end('192.0.2.1', true, i);
  }
});

test('whatever begins and ends, the counts are those of a model', () => {
  const step = fc.record({
    client: fc.constantFrom('', 'a', 'b', 'c'),
    how: fc.constantFrom('begin', 'secured', 'failed'),
    afterMs: fc.integer({ min: 0, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limits = new HandshakeLimits(settings);
      const underWay: string[] = [];
      const failures: { client: string; atMs: number }[] = [];
      let nowMs = 0;
      for (const { client, how, afterMs } of steps) {
        nowMs += afterMs;
        if (how === 'begin') {
          const own = underWay.filter((each) => each === client).length;
          const refusal = limits.begin(client, nowMs);
          if (refusal === undefined) {
            assert.ok(underWay.length < settings.maxHandshakes);
            assert.ok(client === '' || own < settings.maxHandshakesPerClient);
            underWay.push(client);
          } else if (refusal === 'failures') {
            const recent = failures.filter((each) => each.client === client && each.atMs > nowMs - 120_000);
            assert.ok(recent.length >= settings.failuresPerClient.count);
          }
        } else {
          const at = underWay.indexOf(client);
          if (at === -1) continue;
          underWay.splice(at, 1);
          limits.end(client, how === 'failed', nowMs);
          if (how === 'failed') failures.push({ client, atMs: nowMs });
        }
        assert.equal(limits.underWay, underWay.length);
      }
    }),
  );
});
