// What goes to the thread of a plugin and comes back is a copy, and the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';

import { EditableHeader } from '../../src/message/editable-header.ts';
import { copyAnswer, withBodies } from '../../src/plugin/answer-copy.ts';
import { copyFacts, type FactsCopy, factsOf, headerBytes } from '../../src/plugin/facts-copy.ts';
import { factsOf as testFacts } from '../../src/plugin/testing/test-facts.ts';
import { verdictFault } from '../../src/policy/check-verdict.ts';
import { points } from '../../src/policy/stage.ts';

/** Objects as JSON makes them. */
const plain = { noNullPrototype: true };
const text = fc.string({ unit: 'binary', maxLength: 20 });
const nothing = async function* (): AsyncGenerator<Uint8Array> {};

test('facts are the same in the thread, at each point', () => {
  const given = fc.record(
    {
      helo: text,
      sender: text,
      recipient: text,
      tenant: text,
      quarantine: text,
      user: text,
      results: fc.dictionary(text, fc.dictionary(text, text, plain), plain),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(given, fc.constantFrom(...points), (facts, point) => {
      const whole = testFacts(facts, true);
      const sent = JSON.parse(JSON.stringify(copyFacts(point, whole))) as FactsCopy;
      const hasHeader = point === 'headers' || point === 'content';
      const seen = factsOf(sent, hasHeader ? headerBytes(whole.header) : undefined, nothing);
      for (const name of [
        'listener',
        'client',
        'connection',
        'helo',
        'extended',
        'isTrial',
        'results',
      ] as const)
        assert.deepEqual(seen[name], whole[name]);
      assert.equal(seen.principal, whole.principal);
      for (const stage of ['toString', ...Object.keys(facts.results ?? {})])
        assert.deepEqual(seen.resultOf(stage), whole.resultOf(stage));
      if (point === 'rcpt') assert.deepEqual(seen.recipient, whole.recipient);
      const isAboutMail = ['mail', 'rcpt', 'data', 'headers', 'content'].includes(point);
      assert.equal(seen.transaction?.reversePath, isAboutMail ? whole.transaction.reversePath : undefined);
      assert.deepEqual(seen.transaction?.recipients, isAboutMail ? whole.transaction.recipients : undefined);
      assert.equal(seen.body?.sizeBytes, point === 'content' ? whole.body.sizeBytes : undefined);
    }),
  );
});

test('a header is the same in the thread, byte by byte', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 6 }), (lines) => {
      const header = new EditableHeader(
        Buffer.concat(lines.map((line) => Buffer.concat([Buffer.from('X: '), line, Buffer.from('\r\n')]))),
      );
      const { fields } = header;
      const seen = factsOf(
        { ...copyFacts('mail', testFacts({}, true)), strayLines: '' },
        headerBytes({ fields, strayLines: '' }),
        nothing,
      );
      assert.deepEqual(seen.header?.fields, fields);
    }),
  );
});

test('an answer comes back as it was, or is refused', () => {
  const body = fc.uint8Array({ maxLength: 50 });
  const edit = fc.oneof(
    fc.record({ kind: fc.constant('replace-body'), body }),
    fc.record({ kind: fc.constant('add-field'), name: text, value: text }),
    fc.jsonValue(),
  );
  const answer = fc.oneof(
    fc.record({ kind: fc.constantFrom('continue', 'accept', 'quarantine'), edits: fc.array(edit) }),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(answer, (given) => {
      const copy = copyAnswer(given);
      if (copy.kind === 'goOn') assert.deepEqual(given, { kind: 'continue' });
      else {
        const back = withBodies(JSON.parse(copy.json), copy.bodies);
        // What JSON makes of it: -0 becomes 0.
        const shown = (value: unknown): string =>
          JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? [...each] : each));
        const isOddBody = JSON.stringify(given).includes('replace-body') && !copy.bodies.length;
        if (!isOddBody) assert.equal(shown(back), shown(given));
      }
    }),
  );
});

test('whatever JSON a plugin answers, the check of it says so and does not fail', () => {
  const kinds = ['continue', 'accept', 'quarantine', 'discard', 'reject', 'tempfail', 'disconnect', 'drop'];
  const edits = [
    'set-client-rule',
    'set-tenant',
    'change-sender',
    'change-recipient',
    'add-recipient',
    'remove-recipient',
    'insert-field',
    'add-field',
    'change-field',
    'remove-field',
    'reply-line',
    'replace-body',
    'set-route',
  ];
  const value = fc.jsonValue({ maxDepth: 2 });
  const edit = fc.record(
    {
      kind: fc.constantFrom(...edits),
      rule: value,
      name: value,
      value,
      address: value,
      recipient: value,
      body: value,
      priority: value,
      text: value,
      at: value,
      occurrence: value,
      route: value,
      params: value,
    },
    { requiredKeys: ['kind'] },
  );
  const answer = fc.record(
    {
      kind: fc.constantFrom(...kinds),
      reply: value,
      reason: value,
      result: value,
      edits: fc.oneof(value, fc.array(fc.oneof(edit, value))),
    },
    { requiredKeys: ['kind'] },
  );
  fc.assert(
    fc.property(answer, fc.constantFrom(...points), (given, point) => {
      try {
        assert.ok(['string', 'undefined'].includes(typeof verdictFault(given, point, new Set())));
      } catch (error) {
        // The pipeline takes that for an answer that cannot be read.
        assert.ok(error instanceof TypeError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

const wrong: readonly [string, unknown][] = [
  ['no NOTIFY', { kind: 'add-recipient', recipient: { address: 'a@example.com', notify: 5 } }],
  [
    'original recipient that is no text',
    { kind: 'add-recipient', recipient: { address: 'a@example.com', originalRecipient: 'rfc822;a\r\nb' } },
  ],
  [
    'neither a copy nor none',
    { kind: 'add-recipient', recipient: { address: 'a@example.com', isCopy: 'yes' } },
  ],
  ['RET that is neither', { kind: 'change-sender', address: 'a@example.com', params: { ret: 'ALL' } }],
  [
    'ENVID that is no text',
    { kind: 'change-sender', address: 'a@example.com', params: { envelopeId: 'a\nb' } },
  ],
];

for (const [fault, edit] of wrong) {
  test(`an edit is refused: ${fault}`, () => {
    assert.match(
      verdictFault({ kind: 'continue', edits: [edit] }, 'data', new Set()) ?? '',
      new RegExp(fault, 'u'),
    );
  });
}

test('a tenant and a result are checked as well', () => {
  const check = (answer: unknown) => verdictFault(answer, 'mail', new Set());
  assert.match(
    check({ kind: 'continue', edits: [{ kind: 'set-tenant', name: 5 }] }) ?? '',
    /tenant that is no text/u,
  );
  assert.match(
    check({ kind: 'continue', edits: [{ kind: 'set-tenant', name: 'a', priority: 12 }] }) ?? '',
    /priority/u,
  );
  assert.match(check({ kind: 'continue', result: { a: 5 } }) ?? '', /no table of texts/u);
  assert.equal(
    check({ kind: 'continue', result: { a: 'b' }, edits: [{ kind: 'set-tenant', name: 'a' }] }),
    undefined,
  );
});
