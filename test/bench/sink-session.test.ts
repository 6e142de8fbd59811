// The session of the far sink: pipelined transactions by DATA and BDAT, however the bytes were cut, and refusals after which the stream goes on in step.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { SinkSession } from '../../bench/far/sink-session.ts';

/** The codes of the replies, and the number of messages taken, with the dialogue cut into pieces of so many bytes. */
function talk(dialogue: string, pieceBytes: number): { codes: string; taken: number } {
  let taken = 0;
  const session = new SinkSession(['PIPELINING', 'CHUNKING'], () => taken++);
  const bytes = Buffer.from(dialogue);
  let replies = '';
  for (let at = 0; at < bytes.length; at += pieceBytes)
    replies += session.read(bytes.subarray(at, at + pieceBytes));
  return { codes: (replies.match(/^\d{3}(?= )/gmu) ?? []).join(' '), taken };
}

const mail = 'MAIL FROM:<a@b.test>\r\n';
const rcpt = 'RCPT TO:<c@d.test>\r\n';

const dialogues: readonly (readonly [string, string, string, number])[] = [
  [
    'a group after the end of content',
    `${mail}${rcpt}DATA\r\nx\r\n.\r\n${mail}${rcpt}DATA\r\ny\r\n.\r\nQUIT\r\n`,
    '250 250 354 250 250 250 354 250 221',
    2,
  ],
  ['empty content', `${mail}${rcpt}DATA\r\n.\r\n${mail}`, '250 250 354 250 250', 1],
  ['content with doubled dots', `${mail}${rcpt}DATA\r\n..\r\n..x\r\n.\r\nNOOP\r\n`, '250 250 354 250 250', 1],
  [
    'whole transactions by BDAT',
    `${mail}${rcpt}BDAT 4 LAST\r\nMAIL${mail}${rcpt}BDAT 2\r\nabBDAT 3 LAST\r\n.\r\n`,
    '250 250 250 250 250 250 250',
    2,
  ],
  ['BDAT 0 LAST', `${mail}${rcpt}BDAT 2\r\nabBDAT 0 LAST\r\nNOOP\r\n`, '250 250 250 250 250', 1],
  [
    'BDAT without recipients, whose chunk is read',
    `${mail}BDAT 6 LAST\r\nQUIT\r\nRSET\r\n${mail}`,
    '250 503 250 250',
    0,
  ],
  [
    'nothing but RSET after a refused BDAT',
    `${mail}BDAT 1 LAST\r\nx${mail}${rcpt}BDAT 1 LAST\r\nxRSET\r\n${mail}`,
    '250 503 503 503 503 250 250',
    0,
  ],
  ['no MAIL within a transaction', `${mail}${mail}`, '250 503', 0],
  ['DATA without recipients', `${mail}DATA\r\n${rcpt}`, '250 503 250', 0],
  ['no DATA after BDAT', `${mail}${rcpt}BDAT 1\r\nxDATA\r\n`, '250 250 250 503', 0],
];

suite('the session of the far sink', () => {
  for (const [name, dialogue, codes, taken] of dialogues) {
    test(`answers ${name}`, () => {
      for (const pieceBytes of [1, 2, 3, 7, dialogue.length]) {
        assert.deepEqual(talk(dialogue, pieceBytes), { codes, taken }, `in pieces of ${pieceBytes}`);
      }
    });
  }
});
