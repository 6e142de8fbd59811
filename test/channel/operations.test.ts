// Operations over a link: each question gets one answer of its kind, whatever either end sends, and a call that is cancelled, or
// whose asker is gone, is told so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import type { Asked, Response } from '../../src/channel/messages.ts';
import { OperationAnswerer } from '../../src/channel/operation-answerer.ts';
import { OperationCaller } from '../../src/channel/operation-caller.ts';
import { ControlError } from '../../src/control/control-error.ts';
import type { OperationSet, Service, TypesOf } from '../../src/control/operations/operation.ts';

const declared = {
  double: { question: z.strictObject({ of: z.number() }), answer: z.number() },
  count: { question: z.strictObject({ to: z.int().max(100) }), part: z.number(), answer: z.null() },
  wait: { question: z.strictObject({}), answer: z.enum(['cancelled']) },
};
type Declared = TypesOf<typeof declared>;
const set: OperationSet<Declared> = declared;

const service: Service<Declared> = {
  double: ({ of }) => {
    if (of === 13) throw new ControlError('UNLUCKY', 'Not this one.', 'Take another.');
    if (of === 14) throw new TypeError('surprise');
    return 2 * of;
  },
  count: async ({ to }, { report }) => {
    for (let number = 1; number <= to; number++) await report([number]);
    return null;
  },
  wait: (_, { signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve('cancelled'))),
};

function answerer(respond: (response: Response) => void, failures: string[] = []) {
  return new OperationAnswerer(
    { set, service, party: 'The manager', before: () => undefined, failed: (text) => failures.push(text) },
    respond,
  );
}

/** Both ends, with everything through JSON as between processes. */
function linked() {
  const failures: string[] = [];
  const across = <T>(message: T): T => JSON.parse(JSON.stringify(message)) as T;
  const answering = answerer((response) => caller.take(across(response)), failures);
  const caller = new OperationCaller(set, 'The manager', (message) => answering.take(across(message)));
  return { caller, answering, failures };
}

test('a question is answered, with what comes before the answer', async () => {
  const { caller } = linked();
  assert.equal(await caller.ask('double', { of: 4 }), 8);
  const parts: number[] = [];
  assert.equal(await caller.ask('count', { to: 3 }, { report: (some) => void parts.push(...some) }), null);
  assert.deepEqual(parts, [1, 2, 3]);
  assert.equal(caller.pending, 0);
});

test('a question that is not valid is not sent', async () => {
  const sent: Asked[] = [];
  const caller = new OperationCaller(set, 'The manager', (message) => void sent.push(message));
  await assert.rejects(caller.ask('count', { to: 1e6 }), { code: 'CONTROL_REQUEST' });
  assert.deepEqual([sent, caller.pending], [[], 0]);
});

test('an error keeps its code; only a fault of Sluice is told to the answering end', async () => {
  const { caller, failures } = linked();
  await assert.rejects(caller.ask('double', { of: 13 }), { code: 'UNLUCKY', advice: 'Take another.' });
  assert.deepEqual(failures, []);
  await assert.rejects(caller.ask('double', { of: 14 }), { code: 'CONTROL_FAILED', message: 'surprise' });
  assert.deepEqual(failures, ['surprise']);
});

test('a call is cancelled by its signal, and by the loss of its asker', async () => {
  const { caller, answering } = linked();
  const cancelled = new AbortController();
  const first = caller.ask('wait', {}, { signal: cancelled.signal });
  const second = caller.ask('wait', {});
  cancelled.abort();
  assert.equal(await first, 'cancelled');
  assert.equal(caller.pending, 1);
  answering.lost();
  assert.equal(await second, 'cancelled');
  const before = AbortSignal.abort();
  assert.equal(await caller.ask('wait', {}, { signal: before }), 'cancelled');
});

test('when the link is lost, every call ends with an error', async () => {
  const { caller } = linked();
  const asked = [caller.ask('wait', {}), caller.ask('wait', {})];
  caller.rejectAll(new ControlError('MANAGER_LOST', 'gone'));
  for (const each of asked) await assert.rejects(each, { code: 'MANAGER_LOST' });
});

test('whatever is asked, each question gets one response with its number', async () => {
  const asked = fc.record({
    kind: fc.constant('request' as const),
    operation: fc.oneof(fc.constantFrom('double', 'count', 'constructor', '__proto__'), fc.string()),
    question: fc.oneof(fc.record({ of: fc.jsonValue() }), fc.record({ to: fc.nat(5) }), fc.jsonValue()),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { maxLength: 5 }), async (questions) => {
      const responses: Response[] = [];
      const end = answerer((response) => void responses.push(response));
      for (const [id, question] of questions.entries()) end.take({ id, ...question });
      end.take({ kind: 'cancel', id: 99 });
      await new Promise((resolve) => void setImmediate(resolve));
      const ids = responses.filter(({ kind }) => kind === 'response').map(({ id }) => id);
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        [...questions.keys()],
      );
    }),
    { numRuns: 500 },
  );
});

test('whatever is answered, a call ends with an answer of its kind or an error with a code', async () => {
  const response = fc.oneof(
    fc.record({ kind: fc.constant('parts' as const), parts: fc.array(fc.jsonValue()) }),
    fc.record({ kind: fc.constant('response' as const), result: fc.jsonValue() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(response, { maxLength: 4 }), async (responses) => {
      let id = 0;
      const caller = new OperationCaller(set, 'The manager', (message) => (id = message.id));
      const parts: number[] = [];
      const call = caller.ask('count', { to: 1 }, { report: (some) => void parts.push(...some) });
      for (const each of responses) {
        caller.take({ id, ...each });
        caller.take({ ...each, id: id + 1 });
      }
      caller.rejectAll(new ControlError('MANAGER_LOST', 'gone'));
      const ended = await call.catch((error: { readonly code?: string }) => error.code);
      assert.ok(ended === null || ended === 'CONTROL_ANSWER' || ended === 'MANAGER_LOST', String(ended));
      for (const part of parts) assert.equal(typeof part, 'number');
    }),
    { numRuns: 500 },
  );
});
