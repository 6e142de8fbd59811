// What clients of QMQP and QMTP send, and what they make of answers: right, early, cut off, too many, and none.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { PackageClientSession, type PackageDialect } from '../../../src/protocol/netstring/client-session.ts';
import { readVerdict, writeVerdict } from '../../../src/protocol/netstring/verdict.ts';
import { qmqp } from '../../../src/protocol/qmqp/client-dialect.ts';
import { qmtp } from '../../../src/protocol/qmtp/client-dialect.ts';
import { cut } from './packages.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const text = (sent: Uint8Array): string => Buffer.from(sent).toString('latin1');

/** A session whose message is sent whole, or but for its end. */
function sessionWith(
  dialect: PackageDialect,
  recipients: readonly string[],
  isWhole = true,
): PackageClientSession {
  const session = new PackageClientSession(dialect);
  session.begin({ contentBytes: 3, reversePath: 'a@b', recipients });
  if (isWhole) session.end();
  return session;
}

/** The verdicts after these answers, and then the end of the connection. */
function verdictsOf(session: PackageClientSession, answers: readonly (string | Uint8Array)[]): string[] {
  for (const answer of answers) session.receive(typeof answer === 'string' ? bytes(answer) : answer);
  const early = session.takeVerdicts();
  if (early === undefined) session.lost('closed');
  return (early ?? session.takeVerdicts() ?? []).map(
    ({ kind, enhanced = '-', text: said }) => `${kind} ${enhanced} ${said}`,
  );
}

test('the bytes of a message are those of the specifications', () => {
  const message = { contentBytes: 3, reversePath: 'a@b', recipients: ['c@d', 'e@fg'] };
  const framed = (dialect: PackageDialect): string => {
    const session = new PackageClientSession(dialect);
    return `${text(session.begin(message))}...${text(session.end())}`;
  };
  assert.equal(framed(qmqp), '25:3:...,3:a@b,3:c@d,4:e@fg,,');
  assert.equal(framed(qmtp), '4:\r...,3:a@b,13:3:c@d,4:e@fg,,');
});

const dialogues: readonly (readonly [string, PackageDialect, readonly string[], readonly string[]])[] = [
  ['K', qmqp, ['3:Kok,'], ['taken - ok', 'taken - ok']],
  ['D', qmqp, ['13:D5.1.1 nobody,'], ['permanent 5.1.1 nobody', 'permanent 5.1.1 nobody']],
  ['an answer for each', qmtp, ['3:Kok,12:Zlater(#4.3), '], ['taken - ok', 'temporary - later(#4.3)']],
  [
    'a status as qmail writes it',
    qmqp,
    ['14:Zfull (#4.3.1),'],
    ['temporary 4.3.1 full (#4.3.1)', 'temporary 4.3.1 full (#4.3.1)'],
  ],
  ['a status of another class', qmtp, ['7:Z5.1.1 ,1:K,'], ['temporary - 5.1.1', 'taken - ']],
  ['no answer', qmqp, [], Array(2).fill('temporary - closed before the answer was complete')],
  ['half of an answer', qmqp, ['20:Kok'], Array(2).fill('temporary - closed before the answer was complete')],
  [
    'an answer without its comma',
    qmqp,
    ['3:Kok'],
    Array(2).fill('temporary - closed before the answer was complete'),
  ],
  [
    'one answer of two',
    qmtp,
    ['3:Kok,'],
    ['taken - ok', 'temporary - closed before the answer was complete'],
  ],
  ['garbage', qmqp, ['220 hello\r\n'], Array(2).fill("temporary - the server's answer is none of QMQP")],
  [
    'another letter',
    qmtp,
    ['3:Kok,3:Xok,'],
    ['taken - ok', "temporary - the server's answer is none of QMTP"],
  ],
  ['an empty answer', qmqp, ['0:,'], Array(2).fill("temporary - the server's answer is none of QMQP")],
  [
    'an answer that is too long',
    qmqp,
    ['65537:K'],
    Array(2).fill("temporary - the server's answer is none of QMQP"),
  ],
];

for (const [what, dialect, answers, expected] of dialogues) {
  test(`${dialect.name}: ${what}`, () => {
    assert.deepEqual(verdictsOf(sessionWith(dialect, ['c@d', 'e@f']), answers), expected);
  });
}

test('an answer before the last byte takes nothing, and ends the connection; a refusal is one', () => {
  const early = 'the server has answered before the message was complete';
  for (const dialect of [qmqp, qmtp]) {
    const taken = sessionWith(dialect, ['c@d'], false);
    assert.deepEqual(verdictsOf(taken, ['3:Kok,']), [`temporary - ${early}`]);
    assert.equal(taken.isBroken, true);
    const refused = sessionWith(dialect, ['c@d'], false);
    assert.deepEqual(verdictsOf(refused, ['8:Dtoo big,']), ['permanent - too big']);
    assert.equal(refused.isReusable, false);
  }
});

test('a connection of QMTP takes the next message; one that said more than it was asked does not', () => {
  const session = sessionWith(qmtp, ['c@d']);
  assert.deepEqual(verdictsOf(session, ['1:K,']), ['taken - ']);
  assert.equal(session.isReusable, true);
  session.begin({ contentBytes: 0, reversePath: '', recipients: ['x@y'] });
  assert.equal(session.isUntouched, true);
  session.end();
  assert.deepEqual(verdictsOf(session, ['1:Z,1:K,']), ['temporary - ']);
  assert.equal(session.isBroken, true);
  assert.equal(sessionWith(qmqp, ['c@d']).isReusable, false);
});

test('an answer between messages breaks a connection', () => {
  const session = new PackageClientSession(qmtp);
  session.receive(bytes('1:K,'));
  assert.equal(session.isBroken, true);
});

test('whatever text a verdict has, it is read as it was written, without control characters', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('taken' as const, 'temporary' as const, 'permanent' as const),
      fc.string({ unit: 'grapheme', maxLength: 50 }),
      fc.array(fc.nat(), { maxLength: 4 }),
      (kind, said, places) => {
        const session = sessionWith(qmtp, ['c@d']);
        for (const chunk of cut(writeVerdict({ kind, text: said }), places)) session.receive(chunk);
        const [verdict] = session.takeVerdicts() ?? [];
        assert.equal(verdict?.kind, kind);
        assert.doesNotMatch(verdict.text, /[\x00-\x1f\x7f-\x9f]/);
        if (/^[!-~]*$/.test(said)) assert.ok(verdict.text === said || verdict.enhanced !== undefined);
      },
    ),
  );
});

test('a status stands in front of the text', () => {
  const written = writeVerdict({ kind: 'permanent', enhanced: '5.7.1', text: 'no\r\n250 ok' });
  assert.equal(text(written), '16:D5.7.1 no 250 ok,');
  assert.deepEqual(readVerdict(bytes('D5.7.1 no 250 ok')), {
    kind: 'permanent',
    enhanced: '5.7.1',
    text: 'no 250 ok',
  });
});

test('fuzz: whatever a server says, each recipient gets one verdict, and nothing is taken before the end', () => {
  const token = fc.constantFrom('1:K,', '2:Kk,', '1:Z,', '1:D,', '3:K', ',', '0:,', '9', ':', 'K', '\r\n');
  fc.assert(
    fc.property(
      fc.constantFrom(qmqp, qmtp),
      fc.boolean(),
      fc.array(fc.oneof(token, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      (dialect, isWhole, answers, count) => {
        const session = sessionWith(dialect, Array<string>(count).fill('c@d'), isWhole);
        const verdicts = verdictsOf(session, answers);
        assert.equal(verdicts.length, count);
        if (!isWhole) assert.ok(!verdicts.some((verdict) => verdict.startsWith('taken')));
      },
    ),
    { numRuns: 5_000 },
  );
});
