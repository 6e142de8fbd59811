// Quantities of an override (connections, rates) are read as they are in the configuration file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatQuantities, parseQuantities } from '../../src/control/override.ts';

test('every quantity is read as in the file, and printed in one order', () => {
  const quantities = parseQuantities([
    'recipients_per_message=10',
    'message_rate=600/min',
    'connections=0',
    'connection_rate=5/s',
    'recipient_rate=1000/hour',
    'messages_per_connection=20',
  ]);
  assert.deepEqual(quantities, {
    recipientsPerMessage: 10,
    messageRate: { count: 600, perMs: 60_000 },
    connections: 0,
    connectionRate: { count: 5, perMs: 1000 },
    recipientRate: { count: 1000, perMs: 3_600_000 },
    messagesPerConnection: 20,
  });
  assert.deepEqual(formatQuantities(quantities), [
    'connections=0',
    'connection_rate=5/sec',
    'message_rate=600/min',
    'recipient_rate=1000/hour',
    'messages_per_connection=20',
    'recipients_per_message=10',
  ]);
});

const refused: readonly (readonly [texts: readonly string[], why: RegExp])[] = [
  [['conections=5'], /is not a limit; write NAME=VALUE with one of connections, connection_rate/],
  [['connections'], /is not a limit/],
  [['=5'], /is not a limit/],
  [['toString=5'], /is not a limit/],
  [['connections=many'], /connections must be a whole number from 0 to 1000000/],
  [['connections=-1'], /whole number/],
  [['connections=1000001'], /whole number/],
  [['messages_per_connection=0'], /whole number from 1/],
  [['message_rate=5'], /is not a rate/],
  [['message_rate=0/min'], /would let nothing through/],
  [['connections=1', 'connections=2'], /given twice/],
];

for (const [texts, why] of refused) {
  test(`${texts.join(' ')} is refused`, () => {
    assert.throws(() => parseQuantities(texts), why);
  });
}
