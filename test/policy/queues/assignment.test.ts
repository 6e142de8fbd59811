// Which queue a recipient is for: by each condition, by several together, and by the order of the rules.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Assignment, type AssignedMail, type AssignmentRule } from '../../../src/policy/queues/assignment.ts';
import { parseRecipientDomain, parseSenderPattern } from '../../../src/values/domain.ts';
import { parseNetwork } from '../../../src/values/network.ts';

const mail: AssignedMail = {
  tenant: '',
  client: '192.0.2.1',
  reversePath: 'a@a.example',
  principal: '',
  listener: '0.0.0.0:25',
};

type Conditions = Omit<AssignmentRule, 'store'>;

for (const [what, conditions, change, address, isMatched] of [
  ['a domain', { domain: ['b.example'] }, {}, 'x@b.example', true],
  ['a domain in another case', { domain: ['b.example'] }, {}, 'x@B.Example', true],
  ['another domain', { domain: ['b.example'] }, {}, 'x@c.b.example', false],
  ['a domain below a suffix', { domain: ['*.b.example'] }, {}, 'x@c.b.example', true],
  ['no recipient yet', { domain: ['b.example'] }, {}, '', false],
  ['a tenant', { tenant: ['news', ''] }, { tenant: 'news' }, 'x@b.example', true],
  ['no tenant', { tenant: ['news', ''] }, {}, 'x@b.example', true],
  ['another tenant', { tenant: ['news'] }, { tenant: 'shop' }, 'x@b.example', false],
  ['a sender', { sender: ['a@a.example'] }, {}, 'x@b.example', true],
  ['the domain of a sender', { sender: ['a.example'] }, {}, '', true],
  ['another sender', { sender: ['b@a.example'] }, {}, 'x@b.example', false],
  ['the null sender', { sender: ['<>'] }, { reversePath: '' }, 'x@b.example', true],
  ['a client', { client: ['192.0.2.0/24'] }, {}, 'x@b.example', true],
  ['another client', { client: ['192.0.2.0/24'] }, { client: '198.51.100.1' }, 'x@b.example', false],
  ['a program of this host', { client: ['0.0.0.0/0'] }, { client: '' }, 'x@b.example', false],
  ['a user', { user: ['joe@a.example'] }, { principal: 'joe@a.example' }, 'x@b.example', true],
  ['a user of a domain', { user: ['@a.example'] }, { principal: 'joe@a.example' }, 'x@b.example', true],
  ['nobody', { user: ['@a.example'] }, {}, 'x@b.example', false],
  ['a listener', { listen: ['0.0.0.0:25'] }, {}, 'x@b.example', true],
  ['another listener', { listen: ['0.0.0.0:26'] }, {}, 'x@b.example', false],
  ['two that match', { domain: ['b.example'], sender: ['a.example'] }, {}, 'x@b.example', true],
  ['one of two', { domain: ['b.example'], sender: ['c.example'] }, {}, 'x@b.example', false],
  [
    'sender and client, of which one matches',
    { client: ['192.0.2.1'], sender: ['c.example'] },
    {},
    '',
    false,
  ],
] as const) {
  test(`${what}: ${isMatched ? 'it is for' : 'it is not for'} the queue`, () => {
    const assignment = new Assignment([{ store: 3, ...parsed(conditions) }]);
    assert.equal(assignment.of({ ...mail, ...change }, address), isMatched ? 3 : undefined);
  });
}

test('the first rule that matches counts, also one for the default queue', () => {
  const assignment = new Assignment([
    { store: 0, ...parsed({ sender: ['boss@a.example'] }) },
    { store: 2, ...parsed({ domain: ['b.example'] }) },
    { store: 1, ...parsed({ sender: ['a.example'] }) },
  ]);
  assert.equal(assignment.of({ ...mail, reversePath: 'boss@a.example' }, 'x@b.example'), 0);
  assert.equal(assignment.of(mail, 'x@b.example'), 2);
  assert.equal(assignment.of(mail, 'x@c.example'), 1);
  assert.equal(assignment.of({ ...mail, reversePath: 'a@d.example' }, 'x@c.example'), undefined);
});

test('a rule for reports is for no other mail, and other rules are for no report', () => {
  const assignment = new Assignment([
    { store: 1, ...parsed({ domain: ['b.example'] }) },
    { store: 2, reports: true },
  ]);
  assert.equal(assignment.of(mail, 'x@b.example'), 1);
  assert.equal(assignment.of(mail, 'x@c.example'), undefined);
  assert.equal(assignment.of({ ...mail, isReport: true }, 'x@b.example'), 2);
});

interface Texts {
  readonly domain?: readonly string[];
  readonly tenant?: readonly string[];
  readonly sender?: readonly string[];
  readonly client?: readonly string[];
  readonly user?: readonly string[];
  readonly listen?: readonly string[];
}

function parsed({ domain, sender, client, ...rest }: Texts): Conditions {
  return {
    ...rest,
    domain: domain?.map(parseRecipientDomain),
    sender: sender?.map(parseSenderPattern),
    client: client?.map(parseNetwork),
  };
}
