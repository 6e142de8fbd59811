// What plugins of qmail-spp print, and what becomes of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseSppControl } from '../../../src/policy/qmail-spp/control-file.ts';
import { readSppOutput, type SppCommand } from '../../../src/policy/qmail-spp/plugin-output.ts';

function read(text: string): readonly SppCommand[] | string {
  const output = readSppOutput(Buffer.from(text));
  return output.kind === 'commands' ? output.commands : output.reason;
}

const tables: readonly (readonly [string, readonly SppCommand[]])[] = [
  ['', []],
  ['\n\n', []],
  ['A', [{ kind: 'plugins-off' }]],
  ['N\n', [{ kind: 'next' }]],
  ['O\n', [{ kind: 'accept' }]],
  ['D\n', [{ kind: 'drop' }]],
  ['E550 sorry (#5.1.1)\n', [{ kind: 'refuse', reply: { code: 550, text: 'sorry (#5.1.1)' } }]],
  ['E451\r\n', [{ kind: 'refuse', reply: { code: 451, text: '' } }]],
  ['R421 go away', [{ kind: 'disconnect', reply: { code: 421, text: 'go away' } }]],
  ['LM553 later\n', [{ kind: 'refuse-later', at: 'mail', reply: { code: 553, text: 'later' } }]],
  ['LR553 later\n', [{ kind: 'refuse-later', at: 'rcpt', reply: { code: 553, text: 'later' } }]],
  ['LD554 later\n', [{ kind: 'refuse-later', at: 'data', reply: { code: 554, text: 'later' } }]],
  ['SRELAYCLIENT=\n', [{ kind: 'variable', name: 'RELAYCLIENT', value: '' }]],
  ['SA=b=c\n', [{ kind: 'variable', name: 'A', value: 'b=c' }]],
  ['UA\n', [{ kind: 'variable', name: 'A', value: undefined }]],
  ['HX-Spam: yes\n', [{ kind: 'header', name: 'X-Spam', value: 'yes' }]],
  ['Ca@example.net\n', [{ kind: 'address', address: 'a@example.net' }]],
  ['C<a@example.net>\n', [{ kind: 'address', address: 'a@example.net' }]],
  ['P250-hello\n', [{ kind: 'print', text: 'hello' }]],
  // What comes behind the last command is not read, and what is no command is ignored.
  [
    'checking ...\nSA=1\nE550 no\nA\n\u0001',
    [
      { kind: 'variable', name: 'A', value: '1' },
      { kind: 'refuse', reply: { code: 550, text: 'no' } },
    ],
  ],
];

test('each letter is a command', () => {
  for (const [text, expected] of tables) assert.deepEqual(read(text), expected, JSON.stringify(text));
});

test('what would become a malformed reply, field or variable is garbage', () => {
  for (const text of [
    'Eno\n',
    'E250 fine\n',
    'E',
    'R220 hello\n',
    'LMno\n',
    'S=b\n',
    'SA\n',
    'UA=b\n',
    'Hno field\n',
    'H: x\n',
    'HX Y: z\n',
    'E550 a\rb\n',
    'P\u0000\n',
  ]) {
    assert.equal(typeof read(text), 'string', JSON.stringify(text));
  }
});

test('any output is read, and no reply has a code other than 4xx or 5xx', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...'ANOERLDSUHCPx\n'), fc.string({ unit: 'binary' }))),
      (lines) => {
        const output = readSppOutput(
          Buffer.from(lines.map(([letter, rest]) => `${letter}${rest}\n`).join('')),
        );
        if (output.kind === 'garbage') return;
        for (const command of output.commands) {
          if (!('reply' in command)) continue;
          assert.ok(command.reply.code >= 400 && command.reply.code < 600);
        }
      },
    ),
  );
});

test('a file of plugins has sections, which their first letter names', () => {
  assert.deepEqual(
    parseSppControl(
      '# comment\n\n[connection]\nplugins/a\n[Rcpt]\n:exec b\n  plugins/c  \n[d]\nx\n[auth]\ny\n',
    ),
    {
      connection: ['plugins/a'],
      helo: [],
      auth: ['y'],
      mail: [],
      rcpt: [':exec b', 'plugins/c'],
      data: ['x'],
    },
  );
  assert.throws(
    () => parseSppControl('plugins/a\n'),
    /^Error: line 1 names a plugin before the first section$/,
  );
  assert.throws(
    () => parseSppControl('[rcpt]\nx\n[quit]\ny\n'),
    /^Error: line 3 begins a section other than connection, helo, auth, mail, rcpt and data$/,
  );
});
