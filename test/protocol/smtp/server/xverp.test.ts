// XVERP of MAIL (Postfix's VERP_README): announced to permitted clients alone, and checked before anything is accepted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Leniency } from '../../../../src/protocol/smtp/server/server-types.ts';
import { drive } from './drive.ts';

const plain: Leniency = { oddCommands: false, defaultDomain: '' };
const permitted: Leniency = { ...plain, xverp: true };

/** The delimiters that MAIL asked for, and the last reply. */
function mail(parameters: string, leniency = permitted, sender = 'list@a.example') {
  let verp: string | undefined;
  const { output } = drive(
    [`EHLO c.example\r\nMAIL FROM:<${sender}>${parameters}\r\n`],
    {},
    (event) => {
      if (event.kind === 'mail') verp = event.params.verp ?? 'none';
      return undefined;
    },
    leniency,
  );
  return { verp, reply: output.trimEnd().split('\r\n').at(-1), offers: /^250[- ]XVERP\r$/mu.test(output) };
}

test('a permitted client asks for the usual delimiters, or for its own', () => {
  for (const [parameters, delimiters] of [
    [' XVERP', '+='],
    [' xverp', '+='],
    [' XVERP=-=', '-='],
    [' SIZE=10 XVERP=++ BODY=8BITMIME', '++'],
    ['', 'none'],
  ] as const) {
    const { verp, reply, offers } = mail(parameters);
    assert.deepEqual([verp, reply?.slice(0, 3), offers], [delimiters, '250', true]);
  }
});

test('delimiters that are none are refused, and so is the null sender', () => {
  for (const value of ['=+', '=+=-', '=ab', '=a=', '=', '=+', '=*=']) {
    const { verp, reply } = mail(` XVERP${value}`);
    assert.deepEqual([verp, reply?.slice(0, 9)], [undefined, '501 5.5.4'], value);
  }
  const { verp, reply } = mail(' XVERP', permitted, '');
  assert.deepEqual([verp, reply], [undefined, '503 5.5.4 XVERP needs a sender']);
});

test('others do not hear of it, and are refused', () => {
  const { verp, reply, offers } = mail(' XVERP', plain);
  assert.deepEqual([verp, reply?.slice(0, 9), offers], [undefined, '555 5.5.4', false]);
});
