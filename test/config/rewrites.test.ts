// [[rewrite]] in the configuration: defaults as in Postfix, and mistakes that are named.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const table = '[[table]]\nname = "canonical"\npath = "canonical.map"\n';

function rewrites(text: string) {
  return parseConfig(`hostname = "mail.example.com"\n${table}${text}`, '/etc/sluice.toml').rewrite;
}

test('a canonical table is for all addresses, masquerade for all but recipients of the envelope, of submitted mail', () => {
  const [canonical, masquerade] = rewrites(
    '[[rewrite]]\nkind = "canonical"\ntable = "canonical"\n[[rewrite]]\nkind = "masquerade"\ndomains = ["!Lab.Example.com", "bücher.example"]\n',
  );
  assert.deepEqual(canonical, {
    kind: 'canonical',
    where: 'submission',
    listen: undefined,
    tenant: undefined,
    of: ['envelope-sender', 'envelope-recipient', 'header-sender', 'header-recipient'],
    table: 'canonical',
    subaddress: '',
    keepSubaddress: true,
    localDomains: ['mail.example.com'],
  });
  assert.deepEqual(masquerade, {
    kind: 'masquerade',
    where: 'submission',
    listen: undefined,
    tenant: undefined,
    of: ['envelope-sender', 'header-sender', 'header-recipient'],
    domains: [
      { domain: 'lab.example.com', isKept: true },
      { domain: 'xn--bcher-kva.example', isKept: false },
    ],
    exceptions: [],
  });
});

const mistakes: readonly (readonly [string, RegExp])[] = [
  ['kind = "virtual"', /must be "canonical" or "masquerade"/],
  ['kind = "canonical"', /kind = "canonical" needs table/],
  ['kind = "masquerade"', /kind = "masquerade" needs domains/],
  ['kind = "canonical"\ntable = "canonica"', /there is no \[\[table\]\] with the name "canonica".*canonical/],
  ['kind = "canonical"\ntable = "users"', /the table "users" is of kind "list", which has no new addresses/],
  [
    'kind = "canonical"\ntable = "canonical"\nexceptions = ["root"]',
    /exceptions.*is only for kind = "masquerade"/,
  ],
  [
    'kind = "masquerade"\ndomains = ["a.test"]\nkeep_subaddress = true',
    /keep_subaddress.*is only for kind = "canonical"/,
  ],
  ['kind = "masquerade"\ndomains = ["a.test", "b.a.test"]', /never counts, since "a\.test" stands before it/],
  ['kind = "masquerade"\ndomains = ["*.a.test"]', /write the domain alone/],
  [
    'kind = "masquerade"\ndomains = ["a.test"]\nexceptions = ["root@a.test"]',
    /is not the part of an address before its @/,
  ],
  ['kind = "masquerade"\ndomains = ["a.test"]\nof = ["from"]', /"envelope-sender"/],
  [
    'kind = "masquerade"\ndomains = ["a.test"]\ntenant = ["acme"]',
    /there is no \[\[tenant\]\] with the name "acme"/,
  ],
  [
    'kind = "masquerade"\ndomains = ["a.test"]\nlisten = ["192.0.2.1:587"]',
    /there is no \[\[listen\]\] with this address/,
  ],
];

for (const [text, message] of mistakes) {
  test(text.replaceAll('\n', ', '), () => {
    assert.throws(
      () => rewrites(`[[table]]\nname = "users"\npath = "users.list"\n[[rewrite]]\n${text}\n`),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}
