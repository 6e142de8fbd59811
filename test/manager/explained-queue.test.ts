// Where `sluice explain` says that a message would be stored: as receivers choose it, by diversions, then the record of the domain, then assignments.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { explainedQueue, type QueueChoices } from '../../src/manager/explained-queue.ts';
import { readRecord } from '../../src/policy/provisioning/record.ts';
import type { KnownDomain } from '../../src/policy/provisioning/provisioned-domains.ts';

const config = parseConfig(
  '[queues.news]\n[queues.backup]\n[[assignment]]\nqueue = "news"\ndomain = ["a.test"]\n',
  '/etc/sluice/sluice.toml',
);
const record = (text: string): KnownDomain => ({ kind: 'record', record: readRecord([text]), text });

function storedIn({ diversions = [], known = { kind: 'none' } }: Partial<QueueChoices>, client?: string) {
  const mail = { tenant: '', reversePath: 's@s.test', principal: '', client, listener: undefined };
  return explainedQueue({ config, diversions, known }, mail, 'x@a.test');
}

test('a diversion comes first, then the record of the domain, then an assignment', () => {
  const diversions = [{ id: '7', queue: 'backup', conditions: { domain: ['a.test'] } }];
  const known = record('queue=default');
  assert.deepEqual(storedIn({}), { queue: 'news', by: '[[assignment]] 1' });
  assert.deepEqual(storedIn({ known }), { queue: 'default', by: 'the record of its domain' });
  assert.deepEqual(storedIn({ known, diversions }), { queue: 'backup', by: 'diversion 7' });
  assert.deepEqual(storedIn({ known: record('state=hold') }), { queue: 'news', by: '[[assignment]] 1' });
});

test('a diversion of some clients is told beside the queue of all others', () => {
  const diversions = [
    { id: '1', queue: 'gone', conditions: { domain: ['a.test'] } },
    { id: '2', queue: 'backup', conditions: { client: ['192.0.2.0/24'] } },
  ];
  const known = record('queue=default');
  assert.deepEqual(storedIn({ known, diversions }), {
    queue: 'default',
    by: 'the record of its domain',
    unless: [{ queue: 'backup', by: 'diversion 2' }],
  });
  assert.deepEqual(storedIn({ known, diversions }, '192.0.2.9'), { queue: 'backup', by: 'diversion 2' });
});

test('a record that cannot be used is told', () => {
  const told = storedIn({
    known: { kind: 'wrong', reason: 'The record cannot be used: there is no queue "x"' },
  });
  assert.deepEqual(told, {
    queue: 'news',
    by: '[[assignment]] 1; but it is answered 451 now. The record cannot be used: there is no queue "x"',
  });
});
