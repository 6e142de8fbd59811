// By which rule mail would be assigned to a queue, as `sluice explain` tells it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssignmentRule } from '../../../src/policy/queues/assignment.ts';
import { explainAssignment } from '../../../src/policy/queues/explain-assignment.ts';
import { parseNetwork } from '../../../src/values/network.ts';
import { parseRecipientDomain } from '../../../src/values/domain.ts';

const rules: AssignmentRule[] = [
  { store: 1, client: [parseNetwork('192.0.2.0/24')] },
  { store: 2, listen: ['127.0.0.1:2526'], tenant: ['t'] },
  { store: 3, domain: [parseRecipientDomain('big.example')] },
];
const mail = {
  tenant: '',
  reversePath: 'a@a.example',
  principal: '',
  client: undefined,
  listener: undefined,
};

test('a rule whose client or listener is not known is told beside the one that holds for all others', () => {
  const explained = (change: Partial<typeof mail> | object, address: string) =>
    explainAssignment(rules, { ...mail, ...change }, address);
  assert.deepEqual(explained({}, 'x@big.example'), { store: 3, rule: 2, unless: [0] });
  assert.deepEqual(explained({}, 'x@far.example'), { store: 0, rule: undefined, unless: [0] });
  assert.deepEqual(explained({ tenant: 't' }, 'x@big.example'), { store: 3, rule: 2, unless: [0, 1] });
  assert.deepEqual(explained({ client: '198.51.100.1' }, 'x@big.example'), { store: 3, rule: 2, unless: [] });
  assert.deepEqual(explained({ client: '192.0.2.7' }, 'x@big.example'), { store: 1, rule: 0, unless: [] });
  const known = { tenant: 't', client: '198.51.100.1', listener: '127.0.0.1:2526' };
  assert.deepEqual(explained(known, 'x@big.example'), { store: 2, rule: 1, unless: [] });
});
