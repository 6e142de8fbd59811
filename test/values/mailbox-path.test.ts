// Paths of mailboxes: what is refused in the configuration, and that no name of a user leads anywhere else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fillMailboxPath, mailboxBase, mailboxPathFault } from '../../src/values/mailbox-path.ts';

const faults: readonly (readonly [path: string, fault: RegExp | undefined])[] = [
  ['/var/mail/${domain}/${user}', undefined],
  ['/var/mail/${user}@${domain}', undefined],
  ['/var/mail/${user}/Maildir', undefined],
  ['/var/mail/${domain}', /needs \$\{user\}/],
  ['/var/mail/${name}', /has \$\{name\}, which is none of/],
  ['/var/mail/../${user}', /upwards/],
  ['/var/mail/\0/${user}', /NUL/],
];

for (const [path, fault] of faults)
  test(`the path ${JSON.stringify(path)} is ${fault === undefined ? 'taken' : 'refused'}`, () => {
    const found = mailboxPathFault(path);
    if (fault === undefined) assert.equal(found, undefined);
    else assert.match(String(found), fault);
  });

test('the base is what stands in front of the first name with a variable', () => {
  assert.equal(mailboxBase('/var/mail/${domain}/${user}'), '/var/mail');
  assert.equal(mailboxBase('/var/mail/box-${user}/Maildir'), '/var/mail');
  assert.equal(mailboxBase('/${user}'), '/');
});

const hostile: readonly (readonly [user: string, why: RegExp])[] = [
  ['', /empty/],
  ['.', /another folder/],
  ['..', /another folder/],
  ['a/b', /"\/"/],
  ['../joe', /"\/"/],
  ['joe\0', /control character/],
  ['joe\n', /control character/],
  ['x'.repeat(256), /too long/],
];

for (const [user, why] of hostile)
  test(`a user ${JSON.stringify(user.slice(0, 20))} has no mailbox`, () => {
    const filled = fillMailboxPath('/m/${domain}/${user}', { user, domain: 'a.test' });
    assert.equal(filled.kind, 'unfit');
    assert.match(filled.kind === 'unfit' ? filled.why : '', why);
  });

test('a filled path has as many names as its template, and none that leads elsewhere', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('.', '..', '/', 'a', '${user}', '${domain}', '-x'),
  );
  fc.assert(
    fc.property(name, name, (user, domain) => {
      const filled = fillMailboxPath('/m/${domain}/x-${user}', { user, domain });
      if (filled.kind === 'unfit') return;
      const names = filled.path.split('/');
      assert.equal(names.length, 4);
      assert.deepEqual(names, ['', 'm', domain, `x-${user}`]);
      assert.ok(!['', '.', '..'].includes(domain));
    }),
  );
});
