// [[source]]: our own addresses that connections are made from, each with its name for EHLO.

import ipaddr from 'ipaddr.js';

import { parseIpAddress } from '../../values/ip-address.ts';
import { ValueError } from '../../values/value-error.ts';
import { key, listOf, tableOf, textOf } from './fields.ts';
import { hostName } from './texts.ts';

/** One address of this host, in canonical text. */
function ownAddress(text: string): string {
  if (parseIpAddress(text) === undefined) {
    throw new ValueError(`"${text}" is not an IP address, e.g. "192.0.2.25" or "2001:db8::25"`);
  }
  // `::ffff:192.0.2.1` is 192.0.2.1 (RFC 4291 2.5.5.2).
  const address = ipaddr.process(text);
  if (address.range() === 'unspecified') {
    throw new ValueError(
      `"${text}" is not the address of an interface; to let the system choose one, leave [[source]] out`,
    );
  }
  return address.toString();
}

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
