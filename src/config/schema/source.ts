// [[source]]: our own addresses that connections are made from, each with its name for EHLO.

import { key, listOf, tableOf, textOf } from './fields.ts';
import { hostName, ownAddress } from './texts.ts';

const source = tableOf({
  address: key(
    textOf('an IP address such as "192.0.2.25"', ownAddress),
    'An address of this host. A destination is reached only from an address of the same IP version.',
    { example: '"192.0.2.25"' },
  ),
  helo_name: key(
    textOf('a host name such as "mail.example.com"', hostName).optional(),
    'The host name that Sluice sends in EHLO on connections from this address. Its address record should give this address, and the PTR record of the address should give this name.',
    { defaultText: 'helo_name in [deliver]', example: '"mail1.example.com"' },
  ),
});

/** All sources. No two have the same address. */
export const sources = listOf(source, 'tables: [[source]]').superRefine((all, context) => {
  for (const [index, { address }] of all.entries()) {
    const earlier = all.findIndex((each) => each.address === address);
    if (earlier < index) {
      const message = `this address is already in source[${earlier + 1}]`;
      context.addIssue({ code: 'custom', message, path: [index, 'address'] });
    }
  }
});
