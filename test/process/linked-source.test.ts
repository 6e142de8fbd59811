// Requests of operators to the manager have no timeout while the manager answers pings, and end when it does not.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Asked, Request } from '../../src/channel/messages.ts';
import { LinkedSource } from '../../src/process/roles/linked-source.ts';

function linked(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const posted: Request[] = [];
  const source = new LinkedSource({
    post: (message: Asked) => void (message.kind === 'request' && posted.push(message)),
    congested: false,
    whenDrained: () => undefined,
    close: () => undefined,
  });
  t.after(() => source.close());
  /** Answers the last request. */
  const answer = (operation: string, result: unknown): void => {
    const { id } = posted.findLast((request) => request.operation === operation) as Request;
    source.answered({ kind: 'response', id, result });
  };
  const pings = () => posted.filter(({ operation }) => operation === 'ping').length;
  return { source, answer, pings };
}

test('a request to a manager that answers no ping ends with MANAGER_SILENT, after a single ping', async (t) => {
  const { source, pings } = linked(t);
  const asked = [source.ask('override.list', {}), source.ask('page', { filter: {} })];
  const ended = Promise.allSettled(asked);
  t.mock.timers.tick(5_000);
  assert.equal(pings(), 1);
  t.mock.timers.tick(1_000);
  for (const each of await ended) {
    assert.equal(each.status, 'rejected');
    const { code, advice } = each.reason as { code: string; advice: string };
    assert.equal(code, 'MANAGER_SILENT');
    assert.match(advice, /may still be carried out/);
  }
});

test('a request waits an hour for its answer while the manager answers pings', async (t) => {
  const { source, answer } = linked(t);
  const asked = source.ask('queue.change', { action: 'retry', filter: {} });
  for (let second = 0; second < 3_600; second++) {
    t.mock.timers.tick(1_000);
    answer('ping', null);
  }
  const result = {
    job: 1,
    action: 'retry',
    dryRun: false,
    state: 'done',
    startedAtMs: 1,
    seen: 9,
    of: 9,
    recipients: 7,
    messages: 7,
    unstored: 0,
    refused: 0,
    reason: '',
  };
  answer('queue.change', result);
  assert.deepEqual(await asked, result);
});

test('the request after a silence has its whole time, and without a request no ping is sent', async (t) => {
  const { source, answer, pings } = linked(t);
  const silent = assert.rejects(source.ask('override.list', {}), { code: 'MANAGER_SILENT' });
  t.mock.timers.tick(6_000);
  await silent;
  const before = pings();
  t.mock.timers.tick(60_000);
  assert.equal(pings(), before);
  const asked = source.ask('override.list', {});
  t.mock.timers.tick(5_000);
  answer('override.list', []);
  assert.deepEqual(await asked, []);
});
