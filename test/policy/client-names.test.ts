// The verified names of clients, and how long a client waits for its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Resolver } from '../../src/dns/types.ts';
import { Deadlines } from '../../src/io/deadlines.ts';
import { ClientNames } from '../../src/policy/client-names.ts';

type Answers = Pick<Resolver, 'ptr' | 'addresses'>;

const found = (records: readonly string[]) =>
  ({ kind: 'found', records, ttlSeconds: 60, authenticated: false, canonicalName: 'x' }) as const;

test('a name that leads back is told, and the zone of an address is not asked for', async () => {
  const asked: string[] = [];
  const lookups: Answers = {
    ptr: (address) => {
      asked.push(address);
      return Promise.resolve(found(['mail.example.com']));
    },
    addresses: () => Promise.resolve(found(['fe80::1'])),
  };
  const deadlines = new Deadlines({ now: () => 0 });
  const names = await new ClientNames(lookups, deadlines).of('fe80::1%eth0');
  assert.deepEqual(names, { kind: 'names', names: ['mail.example.com'] });
  assert.deepEqual(asked, ['fe80::1']);
});

test('a client waits for its name ten seconds at most', async () => {
  const clock = { now: 0 };
  const deadlines = new Deadlines({ now: () => clock.now });
  const { promise, resolve } = Promise.withResolvers<ReturnType<typeof found>>();
  const lookups: Answers = { ptr: () => promise, addresses: () => Promise.resolve(found(['192.0.2.1'])) };
  let names: unknown;
  const asked = new ClientNames(lookups, deadlines).of('192.0.2.1').then((told) => (names = told));
  clock.now = 9_000;
  deadlines.advance();
  await Promise.resolve();
  assert.equal(names, undefined);
  clock.now = 12_000;
  deadlines.advance();
  await asked;
  assert.deepEqual(names, { kind: 'failed', reason: 'no answer within 10 s' });
  // What comes later changes nothing.
  resolve(found(['mail.example.com']));
  await promise;
  assert.deepEqual(names, { kind: 'failed', reason: 'no answer within 10 s' });
});
