// Which addresses a user who has logged in may have in the From and Sender fields.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { User } from '../../src/directory/types.ts';
import { EditableHeader } from '../../src/message/editable-header.ts';
import type { HeadersFacts } from '../../src/policy/stage.ts';
import { AuthorRightsStage } from '../../src/policy/stages/author-rights-stage.ts';

const joe: User = { address: 'joe@example.com', aliases: ['joseph@example.com'], senders: ['@shop.example'] };

function asked(header: string, user: User | undefined = joe, stage = new AuthorRightsStage('own', '+')) {
  const facts = { user, header: new EditableHeader(Buffer.from(header)) };
  const verdict = stage.headers(facts as unknown as HeadersFacts);
  return verdict.kind === 'reject' ? verdict.reply.code : verdict.kind;
}

test('From and Sender may be what the user may send from', () => {
  for (const header of [
    'From: Joe <joe@example.com>\r\n\r\n',
    'From: JOSEPH@example.com, joe+lists@example.com\r\nSender: any@shop.example\r\n\r\n',
    'Subject: none of both\r\n\r\n',
  ])
    assert.equal(asked(header), 'continue', header);
});

test('one address that is not is enough for 550', () => {
  for (const header of [
    'From: eve@example.com\r\n\r\n',
    'From: "joe@example.com" <eve@example.com>\r\n\r\n',
    'From: joe@example.com, eve@example.com\r\n\r\n',
    'From: eve@example.com <joe@example.com>\r\n\r\n',
    'From: Joe <joe@example.com> eve@example.com\r\n\r\n',
    'From: Eve @ Home <joe@example.com>\r\n\r\n',
    'From: joe@example.com\r\nSender: eve@example.com\r\n\r\n',
    'From: joe@example.com\r\nFrom: eve@example.com\r\n\r\n',
  ])
    assert.equal(asked(header), 550, header);
  assert.equal(asked('From: joe@example.com\r\n\r\n', joe, new AuthorRightsStage('listed', '')), 550);
});

test('nothing is said of clients that have not logged in', () => {
  const facts = { user: undefined, header: new EditableHeader(Buffer.from('From: eve@example.com\r\n\r\n')) };
  assert.equal(new AuthorRightsStage('own', '').headers(facts as unknown as HeadersFacts).kind, 'continue');
});
