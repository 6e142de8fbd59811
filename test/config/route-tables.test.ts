// [[route_table]], and [[route]] with conditions or alternatives: what can be left out, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const tables = `
[[table]]
name = "transport"
path = "transport"
kind = "postmap"
[[table]]
name = "smtproutes"
path = "smtproutes"
kind = "smtproutes"
[[table]]
name = "base"
path = "base.sqlite"
query = "SELECT route FROM routes WHERE address = ?"
[[table]]
name = "patterns"
path = "transport.pcre"
[[table]]
name = "words"
path = "words.list"
`;

test('the form is told by the kind of the table, and what it is asked about by the form', () => {
  const { routeTable } = parseConfig(
    `${tables}
[[route_table]]
table = "transport"
[[route_table]]
table = "smtproutes"
[[route_table]]
table = "base"
[[route_table]]
table = "smtproutes"
form = "authsenders"
[[route_table]]
table = "patterns"
`,
    '/etc/sluice.toml',
  );
  assert.deepEqual(
    routeTable.map(({ form, by, refreshMs }) => [form, by, refreshMs]),
    [
      ['transport', 'recipient', 0],
      ['smtproutes', 'recipient', 0],
      ['routes', 'recipient', 300_000],
      ['authsenders', 'sender', 0],
      ['transport', 'recipient', 0],
    ],
  );
});

for (const [what, text, problem] of [
  ['a table that is not there', 'table = "transports"', /no \[\[table\]\] with the name "transports"/],
  ['a table without values', 'table = "words"', /is of kind "list", which has no routes/],
  ['a refresh of a file', 'table = "transport"\nrefresh = "1m"', /changes of a file are seen by themselves/],
  ['an unknown form', 'table = "transport"\nform = "mailertable"', /form/],
  [
    'nothing that knows the entries',
    'form = "routes"',
    /needs the name of a table, or a program, or postgresql/,
  ],
  [
    'a program beside a table',
    'table = "transport"\nprogram = ["/bin/x"]',
    /cannot stand beside table: write a \[\[route_table\]\] for each/,
  ],
  ['a program without its whole path', 'program = ["x"]', /absolute path of a program/],
  [
    'a query beside a table',
    'table = "base"\nquery = "SELECT $1"',
    /is only for postgresql; those of a table stand in its \[\[table\]\]/,
  ],
  ['PostgreSQL without a query', 'postgresql = "postgresql://a@127.0.0.1/b"', /needs a query/],
  [
    'a query with a question mark',
    'postgresql = "postgresql://a@127.0.0.1/b"\nquery = "SELECT ?"',
    /one parameter, the key, written as \$1/,
  ],
  [
    'a password in the connection',
    'postgresql = "postgresql://a:secret@127.0.0.1/b"\nquery = "SELECT $1"',
    /has a password in it/,
  ],
  ['a delimiter of two characters', 'table = "transport"\ndelimiter = "+-"', /must be one character/],
] as const) {
  test(`${what} is refused`, () => {
    const parse = () => parseConfig(`${tables}\n[[route_table]]\n${text}\n`, '/etc/sluice.toml');
    assert.throws(parse, (error) => error instanceof ConfigError && problem.test(error.message));
  });
}

for (const [what, text, problem] of [
  ['a condition without a name', 'size_over = "1B"', /size_over: needs name as well/],
  [
    'domain and sender without a name',
    'domain = ["a.test"]\nsender = ["b.test"]',
    /sender: needs name as well/,
  ],
  [
    'a size that none has',
    'name = "x"\nsize_over = "10B"\nsize_under = "11B"',
    /no message is larger than size_over/,
  ],
  ['the null sender as a recipient', 'name = "x"\nrecipient = ["<>"]', /"<>" is no recipient/],
  ['no condition on a header', 'name = "x"\nheader = ["a b"]', /is no condition on a header field/],
] as const) {
  test(`${what} is refused`, () => {
    const parse = () => parseConfig(`[[route]]\n${text}\nmx = true\n`, '/etc/sluice.toml');
    assert.throws(parse, (error) => error instanceof ConfigError && problem.test(error.message));
  });
}

test('routes with conditions may be for the same domain, and are not the default', () => {
  const text = [1, 2, 3].map((each) => `[[route]]\nname = "r${each}"\nsize_over = "${each}B"\nmx = true\n`);
  const { route } = parseConfig(`${text.join('')}[[route]]\nmx = true\n`, '/etc/sluice.toml');
  assert.deepEqual(
    route.map(({ conditions }) => conditions?.sizeOver),
    [1, 2, 3, undefined],
  );
});

const provider = '[[route]]\nname = "two"\ndomain = ["two.test"]\nrelay = ["192.0.2.2"]\n';
for (const [what, text, problem] of [
  [
    'a route behind another that is not there',
    'mx = true\nelse = "tow"',
    /no \[\[route\]\] with the name "tow"/,
  ],
  ['a route behind itself', 'name = "one"\nrelay = ["192.0.2.1"]\nelse = "one"', /leads back to this route/],
  [
    'a route without hosts behind another',
    'name = "one"\nmx = true\nelse = "one"',
    /the route "one" has no relay/,
  ],
  [
    'a fallback of mail that is discarded',
    'discard = true\nfallback_relay = ["192.0.2.2"]',
    /is only for relay and mx/,
  ],
] as const) {
  test(`${what} is refused`, () => {
    const parse = () => parseConfig(`${provider}[[route]]\n${text}\n`, '/etc/sluice.toml');
    assert.throws(parse, (error) => error instanceof ConfigError && problem.test(error.message));
  });
}
