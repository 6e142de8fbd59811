// Mail of programs and lists, by its header.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAutomatic } from '../../src/bounce/is-automatic.ts';

const cases: readonly (readonly [string, boolean])[] = [
  ['Subject: x\r\n\r\n', false],
  ['Auto-Submitted: no\r\n\r\n', false],
  ['Auto-Submitted: No; because=x\r\n\r\n', false],
  ['Auto-Submitted: no (by hand)\r\n\r\n', false],
  ['AUTO-SUBMITTED:auto-replied\r\n\r\n', true],
  ['Auto-Submitted: nothing-known\r\n\r\n', true],
  ['Auto-Submitted:\r\n auto-generated\r\n\r\n', true],
  ['Precedence: bulk\r\n\r\n', true],
  ['Precedence: LIST \r\n\r\n', true],
  ['Precedence: first-class\r\n\r\n', false],
  ['Subject: x\r\n\r\nPrecedence: bulk\r\n', false],
  ['', false],
];

for (const [header, expected] of cases) {
  test(`${JSON.stringify(header)} is ${expected ? '' : 'not '}automatic`, () => {
    assert.equal(isAutomatic([Buffer.from(header)]), expected);
    assert.equal(isAutomatic([...Buffer.from(header)].map((byte) => Uint8Array.of(byte))), expected);
  });
}
