// Canonical bodies (RFC 6376 3.4): by the RFC's examples, by a plain model, and however the body is cut.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BodyCanonicalization, bodyCanon } from '../../src/dkim/body-canon.ts';
import { BodyHash } from '../../src/dkim/body-hash.ts';

const kinds: readonly BodyCanonicalization[] = ['simple', 'relaxed'];

function canonical(kind: BodyCanonicalization, pieces: readonly (string | Buffer)[]): string {
  let text = '';
  const canon = bodyCanon(kind, (bytes) => {
    text += Buffer.from(bytes).toString('latin1');
  });
  for (const piece of pieces) canon.push(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  canon.finish();
  return text;
}

/** The RFC's words, on the whole body at once. */
function model(kind: BodyCanonicalization, body: string): string {
  const lines = body.split('\r\n');
  const own =
    kind === 'simple' ? lines : lines.map((line) => line.replaceAll(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (own.length > 0 && own.at(-1) === '') own.pop();
  const text = own.map((line) => `${line}\r\n`).join('');
  return kind === 'simple' && text === '' ? '\r\n' : text;
}

test('the example of RFC 6376 3.4.5', () => {
  const body = ' C \r\nD \t E\r\n\r\n\r\n';
  assert.equal(canonical('relaxed', [body]), ' C\r\nD E\r\n');
  assert.equal(canonical('simple', [body]), ' C \r\nD \t E\r\n');
});

test('an empty body, one of empty lines, and one without a line end', () => {
  assert.equal(canonical('simple', []), '\r\n');
  assert.equal(canonical('relaxed', []), '');
  assert.equal(canonical('simple', ['\r\n\r\n\r\n']), '\r\n');
  assert.equal(canonical('relaxed', ['\r\n \t\r\n\r\n']), '');
  assert.equal(canonical('simple', ['end']), 'end\r\n');
  assert.equal(canonical('relaxed', ['end \t']), 'end\r\n');
  assert.equal(canonical('relaxed', [' \t']), '');
});

test('a CR or LF alone is content, and no blank', () => {
  assert.equal(canonical('simple', ['a\rb\nc\r']), 'a\rb\nc\r\r\n');
  assert.equal(canonical('relaxed', ['a \rb\n\r\r\n']), 'a \rb\n\r\r\n');
  assert.equal(canonical('relaxed', ['a\u00a0 \u000b\r\n']), 'a\u00a0 \u000b\r\n');
});

test('more line ends than are given at once are all there', () => {
  const body = `a${'\r\n'.repeat(5000)}b\r\n${'\r\n'.repeat(5000)}`;
  for (const kind of kinds) assert.equal(canonical(kind, [body]), `a${'\r\n'.repeat(5000)}b\r\n`);
});

const bodies = fc
  .array(fc.constantFrom('a', 'b ', ' ', '\t', '\r', '\n', '\r\n', '\r\n', '\r\n\r\n', ' \r\n', '\u00e4'), {
    maxLength: 40,
  })
  .map((parts) => parts.join(''));

test('every body is canonical as the model says', () => {
  for (const kind of kinds)
    fc.assert(
      fc.property(bodies, (body) => assert.equal(canonical(kind, [body]), model(kind, body))),
      { numRuns: 1000 },
    );
});

test('a body that is cut at any byte is canonical in the same way', () => {
  fc.assert(
    fc.property(bodies, (body) => {
      for (const kind of kinds) {
        const whole = canonical(kind, [body]);
        for (let at = 0; at <= body.length; at++)
          assert.equal(canonical(kind, [body.slice(0, at), body.slice(at)]), whole);
        assert.equal(canonical(kind, [...body]), whole);
      }
    }),
    { numRuns: 300 },
  );
});

test('a piece that is larger than what is worked on at once is canonical in the same way', () => {
  // Its parts begin at every place of this pattern.
  const body = 'a \t b\r\n\r\n \r'.repeat(30_000);
  for (const kind of kinds) {
    assert.ok(canonical(kind, [body]) === model(kind, body), kind);
    assert.ok(canonical(kind, [body.slice(0, 70_001), body.slice(70_001)]) === model(kind, body), kind);
  }
});

test('hashes of the empty body are those of RFC 6376 3.4.3 and 3.4.4', () => {
  const hash = (canonicalization: BodyCanonicalization) =>
    new BodyHash({ canonicalization, length: undefined }).digest().toString('base64');
  assert.equal(hash('simple'), 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=');
  assert.equal(hash('relaxed'), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
});

test('a hash of a part of the body says how much it leaves out', () => {
  const partOf = (length: number, pieces: readonly string[]) => {
    const hash = new BodyHash({ canonicalization: 'simple', length });
    for (const piece of pieces) hash.push(Buffer.from(piece));
    return [hash.digest().toString('base64'), hash.uncoveredBytes];
  };
  const all = new BodyHash({ canonicalization: 'simple', length: undefined });
  all.push(Buffer.from('abc\r\n'));
  const expected = all.digest().toString('base64');
  assert.deepEqual(partOf(5, ['ab', 'c\r\ndef\r\n']), [expected, 5]);
  assert.deepEqual(partOf(5, ['abc\r', '\n']), [expected, 0]);
  assert.equal(partOf(9, ['abc\r\n'])[1], -4);
});
