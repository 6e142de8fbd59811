// How signatures are told: several at once while there is much to sign, and none is held back for nothing.

import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { ed25519Input } from '../../src/dkim/prepare-signature.ts';
import { type MakeSignature, SignatureDesk } from '../../src/signing/signature-desk.ts';
import type { PrivateKey } from '../../src/signing/private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const rsaKey: PrivateKey = { key: rsa.privateKey, algorithm: 'rsa-sha256', bits: 2048 };
const edKey: PrivateKey = { key: ed.privateKey, algorithm: 'ed25519-sha256', bits: 256 };

/** A desk whose signatures are made, one after the other, when the test says so. */
function world(parallel: number) {
  const begun: Parameters<MakeSignature>[3][] = [];
  const timers = new Map<object, () => void>();
  const delays: number[] = [];
  const desk = new SignatureDesk({
    parallel,
    make: (_hash, _bytes, _key, done) => void begun.push(done),
    timers: {
      ...nodeTimers,
      setTimeout: (act, delayMs) => {
        const timer = { unref: () => timer };
        timers.set(timer, act);
        delays.push(delayMs);
        return timer;
      },
      clear: (timer) => void (timer && timers.delete(timer)),
    },
  });
  const told: string[] = [];
  let number = 0;
  return {
    told,
    begun,
    delays,
    timers,
    sign: (count: number): void => {
      for (let i = 0; i < count; i++) {
        const name = `${++number}`;
        desk.sign(Buffer.from('x'), rsaKey).then(
          () => told.push(name),
          (error: Error) => told.push(`${name}: ${error.message}`),
        );
      }
    },
    /** The first one that was begun is made. @returns after everybody was told */
    make: async (error: Error | null = null): Promise<void> => {
      begun.shift()?.(error, Buffer.alloc(0));
      await new Promise(setImmediate);
    },
    late: async (): Promise<void> => {
      for (const act of timers.values()) act();
      await new Promise(setImmediate);
    },
  };
}

test('signatures are valid by both algorithms', async () => {
  const desk = new SignatureDesk({ timers: nodeTimers });
  const bytes = Buffer.from('From: joe@example.com\r\n');
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, at) => desk.sign(bytes, at % 2 === 0 ? rsaKey : edKey)),
  );
  for (const [at, signature] of all.entries())
    assert.ok(
      at % 2 === 0
        ? verify('sha256', bytes, rsa.publicKey, signature)
        : verify(null, ed25519Input(bytes), ed.publicKey, signature),
    );
});

test('the last signature under way is told at once', async () => {
  const { sign, make, told, timers } = world(2);
  sign(1);
  await make();
  assert.deepEqual(told, ['1']);
  assert.equal(timers.size, 0, 'nothing waits for a timer');
  sign(2);
  await make();
  assert.deepEqual(told, ['1']);
  await make();
  assert.deepEqual(told, ['1', '2', '3']);
  assert.equal(timers.size, 0);
});

test('while there is more to sign, sixteen are told together', async () => {
  const { sign, make, told } = world(2);
  sign(40);
  for (let count = 1; count <= 40; count++) {
    await make();
    const expected = count === 40 ? 40 : count - (count % 16);
    assert.equal(told.length, expected, `after ${count}`);
  }
});

test('no more are made at the same time than are allowed, in the order in which they were asked for', async () => {
  const { sign, make, begun, told } = world(3);
  sign(5);
  assert.equal(begun.length, 3);
  await make();
  assert.equal(begun.length, 3);
  await make();
  await make();
  assert.equal(begun.length, 2);
  await make();
  await make();
  assert.deepEqual(told, ['1', '2', '3', '4', '5']);
});

test('none is held back for longer than some milliseconds', async () => {
  const { sign, make, late, told, delays } = world(2);
  sign(3);
  await make();
  assert.deepEqual(told, []);
  await late();
  assert.deepEqual(told, ['1']);
  await make();
  await late();
  assert.deepEqual(told, ['1', '2']);
  assert.ok(delays.every((delay) => delay <= 10));
});

test('an error is told to the one that it is about', async () => {
  const { sign, make, told } = world(2);
  sign(2);
  await make(new Error('no such key'));
  await make();
  assert.deepEqual(told, ['1: no such key', '2']);
});

test('an error that is thrown at once is told, too, and the next one is made', async () => {
  const desk = new SignatureDesk({
    timers: nodeTimers,
    parallel: 1,
    make: (_hash, bytes, _key, done) => {
      if (bytes.length === 0) throw new Error('nothing to sign');
      setImmediate(done, null, Buffer.from('made'));
    },
  });
  const [first, second] = [desk.sign(Buffer.alloc(0), rsaKey), desk.sign(Buffer.from('x'), rsaKey)];
  await assert.rejects(first, /nothing to sign/);
  assert.equal(String(await second), 'made');
});
