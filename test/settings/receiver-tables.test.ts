// Which tables the processes that receive mail read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { receiverTables } from '../../src/settings/receiver-tables.ts';

const tables = ['users.map', 'aliases.map', 'new.map', 'clients.rules', 'routes.map']
  .map((path) => `[[table]]\nname = "${path.replace(/\..*/u, '')}"\npath = "${path}"\n`)
  .join('');

const named = (text: string): readonly string[] =>
  receiverTables(parseConfig(`${tables}${text}`, '/etc/sluice.toml')).map(({ name }) => name);

const all = ['users', 'aliases', 'new', 'clients', 'routes'];

test('without tables of routes, all of them', () => {
  assert.deepEqual(named(''), all);
});

test('those that only say where mail goes are left out', () => {
  assert.deepEqual(named('[[route_table]]\ntable = "routes"\n'), all.slice(0, -1));
});

test('those that are asked for something else as well are read', () => {
  const text = `${['users', 'aliases', 'new'].map((name) => `[[route_table]]\ntable = "${name}"\n`).join('')}
[[recipients]]
domain = ["example.com"]
table = "users"
aliases = "aliases"
[[rewrite]]
table = "new"
kind = "canonical"
`;
  assert.deepEqual(named(text), all);
});
