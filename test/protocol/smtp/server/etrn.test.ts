// ETRN in a server session (RFC 1985): where it is possible, what is read, and that hostile lines leave the session whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ServerEvent } from '../../../../src/protocol/smtp/server/server-types.ts';
import { codes, drive } from './drive.ts';

const said = { code: 250, enhanced: '2.0.0', text: 'OK, queuing started' };

function play(lines: readonly string[], options = {}) {
  const nodes: string[] = [];
  const { output } = drive(lines, { etrn: true, ...options }, (event: ServerEvent) => {
    if (event.kind !== 'etrn') return undefined;
    nodes.push(`${event.node.form} ${event.node.name}`);
    return said;
  });
  return { nodes, output };
}

const cases: readonly { line: string; want: string }[] = [
  { line: 'ETRN far.example', want: 'domain far.example' },
  { line: 'etrn FAR.Example ', want: 'domain far.example' },
  { line: 'ETRN far.example.', want: 'domain far.example' },
  { line: 'ETRN @far.example', want: 'subdomains far.example' },
  { line: 'ETRN #backup', want: 'queue backup' },
  { line: 'ETRN', want: '501' },
  { line: 'ETRN ', want: '501' },
  { line: 'ETRN @', want: '501' },
  { line: 'ETRN #', want: '501' },
  { line: 'ETRN #two words', want: '501' },
  { line: `ETRN #${'x'.repeat(65)}`, want: '501' },
  { line: 'ETRN far.example other.example', want: '501' },
  { line: 'ETRN far..example', want: '501' },
  { line: 'ETRN [192.0.2.1]', want: '501' },
  { line: 'ETRN @@far.example', want: '501' },
  { line: 'ETRN <far.example>', want: '501' },
];

for (const { line, want } of cases) {
  test(`${JSON.stringify(line)}: ${want}`, () => {
    const { nodes, output } = play(['EHLO c.example\r\n', `${line}\r\n`]);
    if (want === '501') {
      assert.deepEqual(nodes, []);
      assert.equal(codes(output).at(-1), '501 5.5.4');
    } else {
      assert.deepEqual(nodes, [want]);
      assert.equal(output.split('\r\n').at(-2), '250 2.0.0 OK, queuing started');
    }
  });
}

test('it is offered where it is taken, and unknown elsewhere', () => {
  assert.match(play(['EHLO c.example\r\n']).output, /^250-ETRN\r$/m);
  const other = play(['EHLO c.example\r\n', 'ETRN far.example\r\n'], { etrn: false });
  assert.doesNotMatch(other.output, /^250-ETRN/m);
  assert.equal(codes(other.output).at(-1), '500 5.5.2');
});

test('it comes after EHLO, not in a transaction, and where TLS is required, under TLS', () => {
  assert.equal(codes(play(['ETRN far.example\r\n']).output).at(-1), '503 5.5.1');
  const inside = play(['EHLO c.example\r\n', 'MAIL FROM:<a@b.example>\r\n', 'ETRN far.example\r\n']);
  assert.equal(codes(inside.output).at(-1), '503 5.5.1');
  const clear = play(['EHLO c.example\r\n', 'ETRN far.example\r\n'], { startTls: 'required' });
  assert.match(codes(clear.output).at(-1) ?? '', /^530/);
  assert.deepEqual([...inside.nodes, ...clear.nodes], []);
});

test('whatever follows ETRN, the session goes on, and a name has no blank and no control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
      const line = Buffer.from(text)
        .toString('latin1')
        .replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '');
      const { nodes, output } = play(['EHLO c.example\r\n', `ETRN ${line}\r\n`, 'NOOP\r\n']);
      assert.equal(output.split('\r\n').at(-2), '250 2.0.0 Ok');
      for (const node of nodes) assert.match(node, /^(?:domain|subdomains|queue) [\x21-\x7e]+$/);
    }),
  );
});
