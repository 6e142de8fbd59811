// Requests on the control socket: correct ones are accepted unchanged, and all others are refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRequest } from '../../src/control/control-request.ts';

const change = { operation: 'override.set', kind: 'limit', targets: ['domain:aol.com'], reason: '', by: '' };

const good: readonly object[] = [
  { operation: 'status' },
  { operation: 'status', sites: 20, order: 'waiting', tenants: true },
  { operation: 'reload' },
  { operation: 'reload', file: '/etc/sluice/sluice.toml' },
  { operation: 'crash.test', role: 'sender', index: 0, by: 'segv', isMeant: true },
  { operation: 'queue-list', filter: {}, limit: 0 },
  { operation: 'queue-list', filter: { ids: ['A'], sender: '<>', olderThanMs: 5 }, limit: 10 },
  { operation: 'queue.change', action: 'retry', filter: { domain: '*.example.com' } },
  { operation: 'explain', address: 'user@example.com', sender: '', tenant: 'shop' },
  { operation: 'limits', most: 100 },
  { operation: 'override.list' },
  { ...change, quantities: { messageRate: { count: 600, perMs: 60_000 } }, forMs: 7_200_000 },
  { ...change, kind: 'suspend', targets: ['all', 'ip:192.0.2.0/24'], reason: 'they asked', by: 'anna' },
  { operation: 'override.unset', kind: 'suspend', targets: ['all'] },
  { operation: 'clock.confirm' },
  { operation: 'queue.change', action: 'remove', filter: {}, dryRun: true, detach: false },
  { operation: 'job.list' },
  { operation: 'job.cancel', job: 3 },
];

for (const request of good) {
  test(`${JSON.stringify(request)} is accepted`, () => {
    const { name, question } = parseRequest(JSON.stringify(request));
    assert.deepEqual({ operation: name, ...question }, request);
  });
}

const bad: readonly (readonly [line: string, code: string])[] = [
  ['', 'CONTROL_REQUEST'],
  ['{"operation":', 'CONTROL_REQUEST'],
  ['null', 'CONTROL_OPERATION'],
  ['[]', 'CONTROL_OPERATION'],
  ['"status"', 'CONTROL_OPERATION'],
  ['{}', 'CONTROL_OPERATION'],
  ['{"operation":"toString"}', 'CONTROL_OPERATION'],
  ['{"operation":"__proto__"}', 'CONTROL_OPERATION'],
  ['{"operation":["status"]}', 'CONTROL_OPERATION'],
  ['{"operation":"status","sites":-1}', 'CONTROL_REQUEST'],
  ['{"operation":"status","sites":1.5}', 'CONTROL_REQUEST'],
  ['{"operation":"status","order":"constructor"}', 'CONTROL_REQUEST'],
  ['{"operation":"status","other":1}', 'CONTROL_REQUEST'],
  ['{"operation":"queue-list","limit":0}', 'CONTROL_REQUEST'],
  ['{"operation":"queue-list","filter":{"sender":{}},"limit":0}', 'CONTROL_REQUEST'],
  ['{"operation":"queue-list","filter":{"ids":"A"},"limit":0}', 'CONTROL_REQUEST'],
  ['{"operation":"queue.change","action":"drop","filter":{}}', 'CONTROL_REQUEST'],
  // The change of earlier versions, whose answer was a number.
  ['{"operation":"queue-change","action":"hold","filter":{}}', 'CONTROL_OPERATION'],
  ['{"operation":"queue.change","action":"hold","filter":{},"dryRun":"no"}', 'CONTROL_REQUEST'],
  ['{"operation":"job.cancel"}', 'CONTROL_REQUEST'],
  ['{"operation":"job.cancel","job":0}', 'CONTROL_REQUEST'],
  ['{"operation":"explain"}', 'CONTROL_REQUEST'],
  ['{"operation":"explain","address":""}', 'CONTROL_REQUEST'],
  [`{"operation":"explain","address":"${'a'.repeat(1001)}"}`, 'CONTROL_REQUEST'],
  ['{"operation":"limits","most":1e9}', 'CONTROL_REQUEST'],
  [JSON.stringify(change), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: {} }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1e7 } }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { messageRate: { count: 0, perMs: 1 } } }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, targets: [] }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, targets: ['nonsense'] }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, forMs: 0 }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, forMs: 1e15 }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, reason: '\u001b[2J' }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, by: 'a\nb' }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, reason: 'a\u202eb' }), 'CONTROL_REQUEST'],
  [JSON.stringify({ ...change, quantities: { connections: 1 }, by: '\u2066anna' }), 'CONTROL_REQUEST'],
  [
    JSON.stringify({ ...change, quantities: { connections: 1 }, targets: ['tenant:a\u202eb'] }),
    'CONTROL_REQUEST',
  ],
  [JSON.stringify({ ...change, kind: 'suspend', quantities: { connections: 1 } }), 'CONTROL_REQUEST'],
  [JSON.stringify({ operation: 'override.unset', kind: 'all', targets: ['all'] }), 'CONTROL_REQUEST'],
  [`${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'CONTROL_OPERATION'],
  [
    `{"operation":"queue-list","limit":0,"filter":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
    'CONTROL_REQUEST',
  ],
];

for (const [line, code] of bad) {
  test(`${line.slice(0, 100)} is refused with ${code}`, () => {
    assert.throws(() => parseRequest(line), { code });
  });
}

test('any JSON is either one of the requests or refused with a code', () => {
  const names = ['status', 'queue-list', 'explain', 'limits', 'override.set', 'override.unset'];
  const value = fc.record(
    {
      operation: fc.constantFrom(...names),
      filter: fc.jsonValue(),
      limit: fc.jsonValue(),
      address: fc.jsonValue(),
      most: fc.jsonValue(),
      kind: fc.oneof(fc.constantFrom('suspend', 'limit'), fc.jsonValue()),
      targets: fc.oneof(fc.array(fc.oneof(fc.constant('all'), fc.string())), fc.jsonValue()),
      quantities: fc.oneof(fc.record({ connections: fc.jsonValue() }), fc.jsonValue()),
      reason: fc.oneof(fc.string(), fc.jsonValue()),
      by: fc.constant(''),
    },
    { requiredKeys: ['operation'] },
  );
  fc.assert(
    fc.property(fc.oneof(value, fc.jsonValue()), (given) => {
      try {
        parseRequest(JSON.stringify(given));
      } catch (error) {
        assert.match(String((error as { code?: string }).code), /^CONTROL_(?:REQUEST|OPERATION)$/);
      }
    }),
    { numRuns: 1_000 },
  );
});
