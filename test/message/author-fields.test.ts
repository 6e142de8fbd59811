// Whom a message says that it is from, and headers of which programs would say different things.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorsOf } from '../../src/message/author-fields.ts';
import { EditableHeader } from '../../src/message/editable-header.ts';

function authors(header: string) {
  const read = new EditableHeader(Buffer.from(header));
  return authorsOf(read.fields, read.strayLines, 'example.com');
}

test('addresses of From and Sender are found in every form of a list', () => {
  for (const [header, from, sender] of [
    ['From: joe@example.com\r\n\r\n', ['joe@example.com'], []],
    [
      'from: "Joe, D." <joe@example.com>\r\nSENDER : <sue@example.com> (desk)\r\n\r\n',
      ['joe@example.com'],
      ['sue@example.com'],
    ],
    ['From: joe@example.com,\r\n  Sue <sue@example.net>\r\n\r\n', ['joe@example.com', 'sue@example.net'], []],
    ['From: <joe@example.com> <eve@example.net>\r\n\r\n', ['joe@example.com', 'eve@example.net'], []],
    ['From: joe\r\n\r\n', ['joe@example.com'], []],
    ['From: joe@example.com <joe@example.com>\r\n\r\n', ['joe@example.com'], []],
    ['From: "bob@example.com" <joe@example.com> (eve@example.com)\r\n\r\n', ['joe@example.com'], []],
    ['From: bob@example.com <joe@example.com>\r\n\r\n', ['joe@example.com', 'bob@example.com'], []],
    ['From: Bob bob@example.com <joe@example.com>\r\n\r\n', ['joe@example.com', 'bob@example.com'], []],
    ['From: Joe <joe@example.com> bob@example.com\r\n\r\n', ['joe@example.com', 'bob@example.com'], []],
    ['From: bob@example.com: joe@example.com;\r\n\r\n', ['joe@example.com', 'bob@example.com'], []],
    ['From: jörg@example.com\r\n\r\n', ['jörg@example.com'], []],
    ['Subject: x\r\n\r\n', [], []],
    ['From: joe@example.com', ['joe@example.com'], []],
    ['', [], []],
  ] as const)
    assert.deepEqual(authors(header), { kind: 'addresses', from, sender }, header);
});

test('a header that programs would read in different ways is unclear', () => {
  for (const header of [
    'From: joe@example.com\r\nFrom: joe@example.com\r\n\r\n',
    'Sender: joe@example.com\r\nsender: eve@example.com\r\n\r\n',
    'From: joe@example.com\r\nno field\r\nFrom: eve@example.com\r\n\r\n',
    'From: joe@example.com\r\nno field\r\nX: y\r\nfrom \t: eve@example.com\r\n\r\n',
    'From joe Mon Jan  1 00:00:00 2024\r\nFrom: eve@example.com\r\n\r\n',
    'Subject: x\rFrom: eve@example.com\r\n\r\n',
    'Subject: x\0From: eve@example.com\r\n\r\n',
    '\ufeffFrom: eve@example.com\r\n\r\n',
    'From: joe@example.com\r\n\ufeffFrom: eve@example.com\r\n\r\n',
    'From: joe@example.com\r\n\0\0sender: eve@example.com\r\n\r\n',
    'From: joe@example.com\r\n\r\r\n',
    'From: undisclosed:;\r\n\r\n',
    'From:\r\n\r\n',
    'From: joe@example.com, @\r\n\r\n',
    'From: joe@example.com (eve@example.com\r\n\r\n',
    'From: <joe@example.com\r\n\r\n',
  ])
    assert.equal(authors(header).kind, 'unclear', JSON.stringify(header));
});

test('a line that is no field is clear as long as no author stands behind it', () => {
  const found = authors('From: joe@example.com\r\n>From eve\r\nX-From: eve@example.com\r\n\r\n');
  assert.deepEqual(found, { kind: 'addresses', from: ['joe@example.com'], sender: [] });
});
