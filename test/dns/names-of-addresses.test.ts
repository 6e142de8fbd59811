// PTR records: the name of an address in the DNS, and which of a client's names count.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmedNames } from '../../src/dns/confirmed-names.ts';
import { reverseName } from '../../src/dns/reverse-name.ts';
import { zoneResolver } from './zone-resolver.ts';

test('an address has its name below in-addr.arpa or ip6.arpa', () => {
  assert.equal(reverseName('192.0.2.1'), '1.2.0.192.in-addr.arpa');
  assert.equal(reverseName('::ffff:192.0.2.1'), '1.2.0.192.in-addr.arpa');
  assert.equal(
    reverseName('2001:db8::567:89ab'),
    'b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa',
  );
  assert.equal(reverseName('mail.example'), undefined);
});

test('a name counts when it leads back to the address', async () => {
  const zone = {
    '1.2.0.192.in-addr.arpa': { ptr: ['liar.example', 'mail.example', 'also.example'] },
    '2.2.0.192.in-addr.arpa': { ptr: ['liar.example', 'gone.example'] },
    '3.2.0.192.in-addr.arpa': { behaviour: 'servfail' },
    '4.2.0.192.in-addr.arpa': { ptr: ['failing.example', 'gone.example'] },
    '5.2.0.192.in-addr.arpa': { ptr: ['failing.example', 'mail.example'] },
    'liar.example': { a: ['198.51.100.1'] },
    'mail.example': { a: ['192.0.2.9', '192.0.2.1', '192.0.2.5'] },
    'also.example': { a: ['192.0.2.1'] },
    'failing.example': { behaviour: 'servfail' },
  } as const;
  const names = (address: string) => confirmedNames(address, zoneResolver(zone));
  assert.deepEqual(await names('192.0.2.1'), { kind: 'names', names: ['mail.example', 'also.example'] });
  assert.deepEqual(await names('::ffff:192.0.2.1'), {
    kind: 'names',
    names: ['mail.example', 'also.example'],
  });
  assert.deepEqual(await names('192.0.2.2'), { kind: 'unconfirmed', claimed: 'liar.example' });
  assert.equal((await names('192.0.2.3')).kind, 'failed');
  assert.equal((await names('192.0.2.4')).kind, 'failed');
  assert.deepEqual(await names('192.0.2.5'), { kind: 'names', names: ['mail.example'] });
  assert.equal((await names('192.0.2.6')).kind, 'none');
  assert.equal((await names('')).kind, 'none');
});
