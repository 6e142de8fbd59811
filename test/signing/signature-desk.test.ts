// How signatures are shared out among threads, and told: several at once while there is much to sign, and none waits while a thread is idle.

import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { ed25519Input } from '../../src/dkim/prepare-signature.ts';
import {
  SignatureDesk,
  type SignatureJob,
  type SignatureResult,
  type SignatureThread,
} from '../../src/signing/signature-desk.ts';
import type { PrivateKey } from '../../src/signing/private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed = generateKeyPairSync('ed25519');
const rsaKey: PrivateKey = { key: rsa.privateKey, algorithm: 'rsa-sha256', bits: 2048 };
const edKey: PrivateKey = { key: ed.privateKey, algorithm: 'ed25519-sha256', bits: 256 };

/** A thread that answers when the test says so. */
class ScriptedThread implements SignatureThread {
  readonly asked: string[][] = [];
  isHeld = false;
  isEnded = false;
  #answered: (results: readonly SignatureResult[]) => void = () => assert.fail();
  #failed: (error: Error) => void = assert.fail;

  on(event: 'message' | 'error', act: never): void {
    if (event === 'message') this.#answered = act;
    else this.#failed = act;
  }

  postMessage(jobs: readonly SignatureJob[]): void {
    this.asked.push(jobs.map(({ bytes }) => String(bytes)));
  }

  ref(): void {
    this.isHeld = true;
  }

  unref(): void {
    this.isHeld = false;
  }

  terminate(): Promise<void> {
    this.isEnded = true;
    return Promise.resolve();
  }

  /** Answers what it has with its names in capitals. */
  answer(but: Record<string, string> = {}): Promise<void> {
    const results = this.asked.at(-1)?.map((name) => {
      const fault = but[name];
      return fault === undefined ? Buffer.from(name.toUpperCase()) : { fault };
    });
    this.#answered(results ?? []);
    return turn();
  }

  fail(message: string): Promise<void> {
    this.#failed(new Error(message));
    return turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function world(threads: number, startThread?: () => SignatureThread) {
  const started: ScriptedThread[] = [];
  const desk = new SignatureDesk({
    threads,
    startThread:
      startThread ??
      (() => {
        const thread = new ScriptedThread();
        started.push(thread);
        return thread;
      }),
  });
  const told: string[] = [];
  const sign = async (...names: string[]): Promise<void> => {
    for (const name of names)
      desk.sign(Buffer.from(name), rsaKey).then(
        (signature) => told.push(String(signature)),
        (error: Error) => told.push(`${name}: ${error.message}`),
      );
    await turn();
  };
  return { desk, started, told, sign };
}

const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `s${from + at}`);

test('signatures are valid by both algorithms', async (t: TestContext) => {
  const desk = new SignatureDesk();
  t.after(() => desk.close());
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

test('a key that cannot sign fails alone, with the reason', async (t) => {
  const desk = new SignatureDesk();
  t.after(() => desk.close());
  const bytes = Buffer.from('x');
  const wrong: PrivateKey = { ...rsaKey, key: rsa.publicKey };
  const [first, second] = [desk.sign(bytes, wrong), desk.sign(bytes, rsaKey)];
  await assert.rejects(first, /private/iu);
  assert.ok(verify('sha256', bytes, rsa.publicKey, await second));
});

test('no thread is started before there is something to sign', async () => {
  const { started, sign } = world(4);
  await turn();
  assert.equal(started.length, 0);
  await sign('a');
  assert.deepEqual(
    started.map(({ asked }) => asked),
    [[['a']]],
  );
});

test('what comes in one turn is shared among the idle threads, sixteen each at most', async () => {
  const { started, sign, told } = world(3);
  await sign(...names(1, 7));
  assert.deepEqual(
    started.map(({ asked }) => asked),
    [[names(1, 3)], [names(4, 5)], [names(6, 7)]],
  );
  await sign(...names(8, 47));
  assert.deepEqual(told, []);
  await started[1]?.answer();
  assert.deepEqual(told, ['S4', 'S5'], 'what a thread has made is told together');
  assert.deepEqual(started[1]?.asked.at(-1), names(8, 23));
  await started[0]?.answer();
  await started[2]?.answer();
  assert.deepEqual(started[0]?.asked.at(-1), names(24, 39));
  assert.deepEqual(started[2]?.asked.at(-1), names(40, 47));
});

test('a thread keeps the process only while it has something to sign', async () => {
  const { started, sign } = world(1);
  await sign('a', 'b');
  assert.equal(started[0]?.isHeld, true);
  await sign('c');
  await started[0]?.answer();
  assert.equal(started[0]?.isHeld, true);
  await started[0]?.answer();
  assert.equal(started[0]?.isHeld, false);
});

test('an error is told to the one that it is about', async () => {
  const { started, sign, told } = world(1);
  await sign('a', 'b', 'c');
  await started[0]?.answer({ b: 'no such key' });
  assert.deepEqual(told, ['A', 'b: no such key', 'C']);
});

test('a thread that ends takes with it what it had; the next ones get another thread', async () => {
  const { started, sign, told } = world(1);
  await sign('a', 'b');
  await sign('c');
  await started[0]?.fail('out of memory');
  assert.deepEqual(told, [
    'a: the thread that signs has failed: out of memory',
    'b: the thread that signs has failed: out of memory',
  ]);
  await started[1]?.answer();
  assert.equal(told.at(-1), 'C');
});

test('a thread that cannot be started fails what it would get, and is tried again', async () => {
  let tries = 0;
  const thread = new ScriptedThread();
  const { sign, told } = world(1, () => {
    if (++tries === 1) throw new Error('EAGAIN');
    return thread;
  });
  await sign('a');
  assert.deepEqual(told, ['a: the thread that signs has failed: EAGAIN']);
  await sign('b');
  await thread.answer();
  assert.equal(told.at(-1), 'B');
});

test('after the end, everything fails at once', async () => {
  const { desk, started, sign, told } = world(1);
  await sign('a');
  await sign('b');
  desk.close();
  assert.equal(started[0]?.isEnded, true);
  await sign('c');
  assert.deepEqual(
    told,
    ['a', 'b', 'c'].map((name) => `${name}: Sluice is stopping`),
  );
});
