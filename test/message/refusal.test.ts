// Refusals: what is kept of them, the form that is read back as it was written, and words that nobody can imitate.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  connectionRefusal,
  damageOf,
  damageRefusal,
  localRefusal,
  maxRefusalCharacters,
  maxRefusalLines,
  peerOf,
  remoteRefusal,
  type Refusal,
} from '../../src/message/refusal.ts';
import { decodeRefusal, encodeRefusal } from '../../src/message/refusal-form.ts';
import { refusalText } from '../../src/message/refusal-text.ts';
import { ReplyParser } from '../../src/protocol/smtp/client/reply-parser.ts';
import { broken, farHost, ours, said } from '../refusals.ts';

/** Texts as a hostile server sends them: line ends, NUL, 8-bit, lone surrogates, our own forms and words, and very long. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({
    unit: fc.constantFrom('\r', '\n', '\0', '\u0085', '\u2028', '\u202e', '\ud800', '"', '\\', ' ', 'x', 'é'),
  }),
  fc.constantFrom(
    encodeRefusal(said('550 5.1.1 no')),
    '451 4.3.0 the stored message is damaged: gone',
    '550 5.1.1 no (in reply to RCPT)',
    'mx.test[192.0.2.1]:25: connection refused',
    '["local","","",0,"queue",0,"",1]',
  ),
  fc.integer({ min: 900, max: 3000 }).map((length) => '\\'.repeat(length)),
);

const step = fc.constantFrom('connect', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'content', 'idle', 'QUIT');
const code = fc.integer({ min: 400, max: 599 });

/** Whatever the ways to make a refusal are given. */
const made: fc.Arbitrary<Refusal> = fc.oneof(
  fc
    .record({
      host: hostile,
      ip: hostile,
      port: fc.nat(65_535),
      code,
      enhanced: hostile,
      lines: fc.array(hostile, { maxLength: 50 }),
      command: step,
      isPermanent: fc.boolean(),
    })
    .map(({ host, ip, port, isPermanent, ...reply }) =>
      remoteRefusal({ host, endpoint: { kind: 'tcp', ip, port } }, reply, isPermanent),
    ),
  fc
    .record({ host: hostile, text: hostile, during: step })
    .map(({ host, text, during }) => connectionRefusal({ ...farHost, host }, during, text)),
  fc
    .record({ code, enhanced: hostile, text: hostile, permanent: fc.boolean() })
    .map((reason) => localRefusal({ ...reason, during: 'routing' })),
  hostile.map(damageRefusal),
);

test('a refusal is read back exactly as it was written, through UTF-8 as well', () => {
  fc.assert(
    fc.property(made, (refusal) => {
      const form = encodeRefusal(refusal);
      assert.deepEqual(decodeRefusal(form), refusal);
      assert.deepEqual(decodeRefusal(Buffer.from(form, 'utf8').toString('utf8')), refusal);
      assert.equal(encodeRefusal(decodeRefusal(form) as Refusal), form);
    }),
    { numRuns: 2_000 },
  );
});

test('whatever a server says, its lines are few, short and without control characters', () => {
  fc.assert(
    fc.property(made, (refusal) => {
      const { lines } = refusal;
      assert.ok(lines.length <= maxRefusalLines);
      assert.ok(lines.join('').length <= maxRefusalCharacters);
      for (const line of [...lines, peerOf(refusal)?.host ?? '', refusalText({ ...refusal, enhanced: '' })]) {
        assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/u);
        assert.ok(line.isWellFormed());
      }
      // The journal has two bytes for the length.
      assert.ok(Buffer.byteLength(encodeRefusal({ ...refusal, enhanced: '' })) < 8_000);
    }),
    { numRuns: 2_000 },
  );
});

test('no reply is taken for words of ours, whatever it says', () => {
  fc.assert(
    fc.property(code, hostile, step, (number, words, command) => {
      const parser = new ReplyParser(16 * 1024);
      parser.push(Buffer.from(`${number} ${words.replaceAll('\n', '')}\r\n`));
      if (!parser.next()) return;
      const refusal = decodeRefusal(encodeRefusal(remoteRefusal(farHost, parser.reply(command), false)));
      assert.ok(refusal?.by.kind === 'remote' && refusal.during === command && refusal.code === number);
      assert.equal(damageOf(refusal), undefined);
      // People see by the end of the line that it is a server's.
      assert.match(refusalText(refusal), / \((?:greeting of|reply to \w+ of|in reply to) [^()]+\)$/u);
    }),
  );
});

test('only a form is read as one', () => {
  const forms = [
    '',
    '550 5.1.1 no (in reply to RCPT)',
    'R1',
    'R1[',
    'R1[]',
    'R1{}',
    'R1[1,2,3]',
    'R2["local","","",0,"queue",451,"4.3.0",0]',
    'R1["nobody","","",0,"queue",451,"4.3.0",0]',
    'R1["local","","",0,"LUNCH",451,"4.3.0",0]',
    'R1["local","","",0,"queue","451","4.3.0",0]',
    'R1["local","","",0,"queue",451,4,0]',
    'R1["local","","",0,"queue",451,"4.3.0",2]',
    'R1["local","","",0,"queue",451,"4.3.0",0,7]',
    'R1["remote",5,"",0,"queue",451,"4.3.0",0]',
    'R1["remote","","","25","queue",451,"4.3.0",0]',
  ];
  for (const form of forms) assert.equal(decodeRefusal(form), undefined, form);
  fc.assert(fc.property(fc.string(), (text) => void decodeRefusal(`R1[${text}`)));
});

test('people see on one line what was said, by whom, and to which command', () => {
  const table: [Refusal, string][] = [
    [said('550 5.1.1 no such user'), '550 5.1.1 no such user (in reply to RCPT)'],
    [said('550 no'), '550 no (in reply to RCPT)'],
    [said('550'), '550 (in reply to RCPT)'],
    [said('421 4.7.0 too many', 'connect'), '421 4.7.0 too many (greeting of mx.test[192.0.2.1]:25)'],
    [said('450 busy', 'EHLO'), '450 busy (reply to EHLO of mx.test[192.0.2.1]:25)'],
    [said('421 4.4.2 bye', 'idle'), '421 4.4.2 bye (in reply to nothing)'],
    [broken('connection refused'), 'mx.test[192.0.2.1]:25: connection refused'],
    [ours('not tried in its lifetime'), 'not tried in its lifetime'],
    [damageRefusal('gone'), '451 4.3.0 the stored message is damaged: gone'],
    [
      localRefusal({ during: 'routing', code: 451, enhanced: '4.4.3', text: 'no answer', permanent: false }),
      '451 4.4.3 no answer',
    ],
  ];
  for (const [refusal, text] of table) assert.equal(refusalText(refusal), text);
});

test('a reply of several lines stays in lines, and is one line for people', () => {
  const parser = new ReplyParser(1000);
  parser.push(
    Buffer.from('550-5.7.1 We do not want this.\r\n550-5.7.1\r\n550 5.7.1 See example.com/why\r\n'),
  );
  assert.equal(parser.next(), true);
  const refusal = remoteRefusal(farHost, parser.reply('content'), true);
  assert.deepEqual(refusal.lines, ['We do not want this.', 'See example.com/why']);
  assert.equal(
    refusalText(refusal),
    '550 5.7.1 We do not want this. See example.com/why (in reply to content)',
  );
});
