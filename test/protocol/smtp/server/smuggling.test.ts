// No sequence but CRLF.CRLF ends a message, and no content becomes a command (RFC 5321 2.3.8, 4.1.1.4).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codes, drive } from './drive.ts';

const start = 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n';
const smuggled = 'MAIL FROM:<evil@x>\r\nRCPT TO:<victim@y>\r\nDATA\r\n';
const end = '\r\n.\r\n';

/** What stands between two lines of a body, and what it is repaired to. */
const notAnEnd: readonly (readonly [sequence: string, repaired: string])[] = [
  ['\n.\n', '\r\n.\r\n'],
  ['\n.\r\n', '\r\n.\r\n'],
  ['\r.\r\n', '\r\n.\r\n'],
  ['\r\n.\n', '\r\n.\r\n'],
  ['\r\n.\r', '\r\n.\r\n'],
  ['\r.\r', '\r\n.\r\n'],
  ['\n.\r', '\r\n.\r\n'],
  ['\r.\n', '\r\n.\r\n'],
  ['\r\r\n.\n', '\r\n.\r\n'],
  ['\r\n.\r\r\n', '\r\n.\r\n'],
  ['\r\n.\n\r\n', '\r\n.\r\n\r\n'],
  ['\r\n.\n\n', '\r\n.\r\n\r\n'],
  ['\n\r\n.\n\r', '\r\n\r\n.\r\n\r\n'],
  ['\n\n.\n\n', '\r\n\r\n.\r\n\r\n'],
  ['\r\n.\r\0\n', '\r\n.\r\n\0\r\n'],
  ['\r\0\n.\r\n', '\r\n\0\r\n.\r\n'],
  ['\n\0.\r\n', '\r\n\0.\r\n'],
  ['\n.\0\n', '\r\n.\0\r\n'],
  ['\r\n.\n.\r\n', '\r\n.\r\n.\r\n'],
  ['\r\n..\n', '\r\n.\r\n'],
];

for (const [sequence, repaired] of notAnEnd) {
  const shown = JSON.stringify(sequence);
  const bytes = `${start}\r\none${sequence}${smuggled}two${end}`;

  test(`${shown} is refused, and nothing after it is a command`, () => {
    const { events, output } = drive([bytes]);
    assert.deepEqual(
      events.filter((event) => !event.startsWith('content')),
      ['ehlo c', 'mail <a@b>', 'rcpt <c@d>', 'data', 'reset'],
    );
    assert.deepEqual(codes(output).slice(4), ['354', '550 5.6.0']);
  });

  test(`${shown} is repaired, and nothing after it is a command`, () => {
    const { events, output } = drive([bytes], { bareNewlines: 'repair' });
    assert.deepEqual(events.slice(4), [
      `content ${JSON.stringify(`\r\none${repaired}${smuggled}two\r\n`)}`,
      'end',
    ]);
    assert.deepEqual(codes(output).slice(4), ['354', '250 2.0.0']);
  });
}

/** What stands between two lines of a header, and what it is repaired to: only an LF ends a line. */
const inHeader: readonly (readonly [sequence: string, repaired: string])[] = [
  ['\r', ' '],
  ['\r\r', ' '],
  ['\n', '\r\n'],
  ['\r\r\n', '\r\n'],
  ['\r\n\r', '\r\n '],
  ['\n\r', '\r\n '],
  ['\r\r\n\r\r\n', '\r\n\r\n'],
  ['\n\n', '\r\n\r\n'],
  ['\n\r\n', '\r\n\r\n'],
  ['\r\n\r\r\nline\r', '\r\n\r\nline\r\n'],
];

for (const [sequence, repaired] of inHeader) {
  test(`${JSON.stringify(sequence)} in a header is repaired, and no CR begins a field`, () => {
    const content = (between: string): string => `To: a@b${between}Bcc: c@d\r\n\r\nx\r\n`;
    for (const sent of [
      `DATA\r\n${content(sequence)}.\r\n`,
      `BDAT ${content(sequence).length} LAST\r\n${content(sequence)}`,
    ]) {
      const { events } = drive([start.replace('DATA\r\n', sent)], { bareNewlines: 'repair' });
      assert.deepEqual(events.slice(4), [`content ${JSON.stringify(content(repaired))}`, 'end']);
    }
  });
}

/** Unusual, but lines that end with CRLF: taken as they are. */
const contents: readonly (readonly [sequence: string, content: string])[] = [
  ['\r\n.\0\r\n', '\r\n\0\r\n'],
  ['\r\n\0.\r\n', '\r\n\0.\r\n'],
  ['\r\n..\r\n', '\r\n.\r\n'],
  ['\r\n. \r\n', '\r\n \r\n'],
  ['\r\n.\x85\r\n', '\r\n\x85\r\n'],
  ['\r\n.\x0b\r\n', '\r\n\x0b\r\n'],
  ['\x8d\x8a.\x8d\x8a', '\x8d\x8a.\x8d\x8a'],
];

for (const [sequence, content] of contents) {
  test(`${JSON.stringify(sequence)} is content`, () => {
    const { events } = drive([`${start}one${sequence}${smuggled}two${end}`]);
    assert.deepEqual(events.slice(4), [
      `content ${JSON.stringify(`one${content}${smuggled}two\r\n`)}`,
      'end',
    ]);
  });
}

test('CRLF.CRLF ends a message, also as the first line and right after another', () => {
  const { events } = drive([`${start}.\r\n${start.slice(8)}x${end}NOOP\r\n`]);
  assert.deepEqual(events.slice(4), ['end', 'mail <a@b>', 'rcpt <c@d>', 'data', 'content "x\\r\\n"', 'end']);
});

for (const [name, bytes] of [
  ['a bare LF', 'NOOP\nMAIL FROM:<evil@x>\r\n'],
  ['a bare CR', 'NOOP\rMAIL FROM:<evil@x>\r\n'],
  ['CR CR LF', 'NOOP\r\r\nMAIL FROM:<evil@x>\r\n'],
  ['a bare LF alone', '\n'],
  ['a bare LF in a line that is too long', `${'x'.repeat(5000)}\nMAIL FROM:<evil@x>\r\n`],
] as const) {
  test(`${name} in a command: 500, and the session ends`, () => {
    const { events, output, session } = drive(['EHLO c\r\n', bytes]);
    assert.deepEqual(events, ['ehlo c', 'close']);
    assert.deepEqual(codes(output).slice(2), ['500 5.5.2']);
    assert.equal(session.phase, 'closed');
  });
}

for (const [name, line] of [
  ['NUL in EHLO', 'EHLO c\0d'],
  ['a tab in EHLO', 'EHLO c\td'],
  ['DEL in EHLO', 'EHLO \x7f'],
  ['NUL behind the verb', 'MAIL\0FROM:<>'],
  ['a tab behind the verb', 'RCPT\tTO:<c@d>'],
  ['nothing but NUL', '\0'],
  ['a tab in BDAT, whose chunk would follow', 'BDAT 4\tLAST'],
  ['what is not UTF-8 in BDAT', 'BDAT 4 \xff'],
  ['what is not UTF-8 and no command', '\xff\xfe'],
  ['an unknown command that is too long', 'x'.repeat(5000)],
  ['EHLO that is too long', `EHLO ${'x'.repeat(5000)}`],
  ['BDAT that is too long', `BDAT 4${' '.repeat(5000)}`],
] as const) {
  test(`${name}: 500, and the session ends`, () => {
    const { events, output, session } = drive([`EHLO c\r\n${line}\r\nNOOP\r\nMAIL FROM:<evil@x>\r\n`]);
    assert.deepEqual(events, ['ehlo c', 'close']);
    assert.deepEqual(codes(output).slice(2), ['500 5.5.2']);
    assert.match(output, /; closing the connection\r\n$/);
    assert.equal(session.phase, 'closed');
  });
}

for (const [name, line] of [
  ['a control character', 'rcpt to:<c\t@d>'],
  ['what is not UTF-8', 'RCPT TO:<\xff@d>'],
  ['more than the limit', `RCPT TO:<${'x'.repeat(5000)}@d>`],
] as const) {
  test(`${name} in an address: 500 for this recipient, and the others get the message`, () => {
    const { events, output } = drive([
      `EHLO c\r\nMAIL FROM:<a@b>\r\n${line}\r\nRCPT TO:<e@f>\r\nDATA\r\nx\r\n.\r\n`,
    ]);
    assert.deepEqual(events.slice(1), ['mail <a@b>', 'rcpt <e@f>', 'data', 'content "x\\r\\n"', 'end']);
    assert.equal(codes(output)[3], '500 5.5.2');
  });
}

test('a name in EHLO that is not UTF-8: 500, and the client may try another', () => {
  assert.deepEqual(drive(['EHLO B\xfcro\r\nEHLO c\r\n']).events, ['ehlo c']);
});

const bdat = start.replace('DATA\r\n', '');

test('a bare newline in a chunk is refused, and the rest of the chunk is not read as commands', () => {
  const { events, output } = drive([`${bdat}BDAT 13\r\none\n.\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n`]);
  assert.deepEqual(events.slice(3), ['data', 'content "one"', 'reset']);
  assert.deepEqual(codes(output).slice(4), ['550 5.6.0', '503 5.5.1', '250 2.0.0']);
});

test('a bare newline in a chunk is repaired; CRLF may be cut by a chunk, but the last may not end with CR', () => {
  const { events } = drive([`${bdat}BDAT 4\r\none\rBDAT 3\r\n\n.\nBDAT 2 LAST\r\nx\r`], {
    bareNewlines: 'repair',
  });
  assert.deepEqual(events.slice(3), ['data', 'content "one\\r\\n.\\r\\nx\\r\\n"', 'end']);
  const refused = drive([`${bdat}BDAT 4 LAST\r\none\r`]);
  assert.deepEqual(refused.events.slice(3), ['data', 'content "one\\r"', 'reset']);
  assert.deepEqual(codes(refused.output).slice(4), ['550 5.6.0']);
});
