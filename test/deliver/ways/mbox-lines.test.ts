// Lines of an mbox archive: no sender of a message begins another message in it, wherever the message is cut into pieces.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mboxLines } from '../../../src/mailbox/mbox/mbox-lines.ts';

// eslint-disable-next-line @typescript-eslint/require-await -- the pieces are there
async function* piecesOf(text: string, cuts: readonly number[]): AsyncGenerator<Buffer, void> {
  const places = [0, ...cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  for (const [at, from] of places.entries())
    yield Buffer.from(text.slice(from, places[at + 1] ?? text.length), 'latin1');
}

async function kept(text: string, cuts: readonly number[]): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of mboxLines(piecesOf(text, cuts))) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

/** As the rules of mboxrd say it, line by line. */
function expected(text: string): string {
  const lines = text.split('\n').map((line) => (/^>*From /.test(line) ? `>${line}` : line));
  return `${lines.join('\n')}${text === '' || text.endsWith('\n') ? '\n' : '\n\n'}`;
}

const word = fc.constantFrom(
  'From ',
  'From',
  'Fro',
  'm ',
  'F',
  '>',
  '>>',
  'x',
  '\r',
  '\n',
  '\n',
  '\n>',
  '\xe9',
);
const longLine = fc
  .tuple(
    fc.constantFrom('', 'From ', '>From ', '>'),
    fc.constantFrom('x', '>'),
    fc.oneof(fc.integer({ min: 900, max: 1000 }), fc.integer({ min: 65_000, max: 70_000 })),
    fc.constantFrom('', 'From ', '\n', '\nFrom '),
  )
  .map(([first, filling, length, last]) => `${first}${filling.repeat(length)}${last}`);
const message = fc
  .array(fc.oneof({ weight: 12, arbitrary: word }, { weight: 1, arbitrary: longLine }), { maxLength: 60 })
  .map((parts) => parts.join(''));

test('lines are quoted as those of the whole message are, however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(message, fc.array(fc.nat(1_000_000), { maxLength: 12 }), async (text, cuts) => {
      assert.equal(await kept(text, cuts), expected(text));
    }),
    { numRuns: 500 },
  );
});

test('a cut at any place of a long message in a line that begins with From is quoted', async () => {
  const lines = Array.from({ length: 80 }, (_, number) => 'y'.repeat(900 + number)).join('\n');
  const text = `${lines}\n>From me\nFrom you\n`;
  assert.ok(text.length > 64 * 1024);
  for (let cut = lines.length - 2; cut <= text.length; cut++)
    assert.equal(await kept(text, [cut]), expected(text), `cut at ${cut}`);
});
