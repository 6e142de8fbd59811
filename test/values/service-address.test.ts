// Addresses of milters and policy servers in the forms of Sendmail and Postfix.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatServiceAddress, parseServiceAddress } from '../../src/values/service-address.ts';

for (const [text, expected] of [
  ['inet:11332@127.0.0.1', 'inet:11332@127.0.0.1'],
  ['inet:localhost:8891', 'inet:8891@localhost'],
  ['INET:8891@[::1]', 'inet:8891@::1'],
  ['inet6:8891@::1', 'inet:8891@::1'],
  ['inet:[::1]:8891', 'inet:8891@::1'],
  ['unix:/run/opendkim/opendkim.sock', 'unix:/run/opendkim/opendkim.sock'],
  ['local:/run/x.sock', 'unix:/run/x.sock'],
] as const) {
  test(`${text} is ${expected}`, () => {
    assert.equal(formatServiceAddress(parseServiceAddress(text, 'a milter')), expected);
  });
}

for (const [text, why] of [
  ['/run/x.sock', /it looks like/],
  ['unix:run/x.sock', /must begin with/],
  ['inet:8891', /it looks like/],
  ['inet:0@localhost', /1 to 65535/],
  ['inet:70000@localhost', /1 to 65535/],
  ['inet:8891@a b', /it looks like/],
  ['unix:/a\0b', /NUL/],
  ['', /it looks like/],
] as const) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.throws(() => parseServiceAddress(text, 'a milter'), why);
  });
}
