// Where the mailbox of a user is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '../../src/mailbox/mailbox-place.ts';

const settings = { path: '/m/${domain}/${user}' };

test('a user has a mailbox by the path of [mailboxes]', () => {
  assert.deepEqual(placeOf(settings, { address: 'joe@a.test' }), {
    kind: 'place',
    path: '/m/a.test/joe',
    base: '/m',
  });
});

const own: readonly (readonly [mailbox: string, place: string | RegExp])[] = [
  ['/home/joe/Maildir', '/home/joe/Maildir'],
  ['maildir:/home/joe/Maildir/', '/home/joe/Maildir'],
  ['/home//joe/./Maildir', '/home/joe/Maildir'],
  ['Maildir', /no absolute path/],
  ['maildir:~/Maildir', /no absolute path/],
  ['mbox:/var/mail/joe', /no absolute path/],
  ['/var/mail/%d/%n', /variable/],
  ['/var/mail/${user}', /variable/],
  ['/home/joe/../sue', /upwards/],
  ['/', /root/],
  ['/home/joe\n', /control character/],
];

for (const [mailbox, expected] of own)
  test(`the mailbox ${JSON.stringify(mailbox)} of a source of the directory`, () => {
    const place = placeOf(settings, { address: 'joe@a.test', mailbox });
    if (typeof expected === 'string') assert.equal(place.kind === 'place' && place.path, expected);
    else assert.match(place.kind === 'fault' ? place.why : '', expected);
  });

test('a name that leads to another folder is a fault of this host, and has no mailbox', () => {
  const place = placeOf(settings, { address: '../sue@a.test' });
  assert.deepEqual(place, { kind: 'fault', why: 'the name of the user has a "/"' });
});
