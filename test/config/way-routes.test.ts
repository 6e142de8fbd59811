// [[route]] with pipe, archive, redirect and hold: what is refused, what is warned of, and which limits come of it.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { wayWarnings } from '../../src/config/check/way-warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { limitRules } from '../../src/settings/limit-rules.ts';

function problemsOf(text: string): string {
  try {
    parseConfig(text, '/etc/sluice.toml');
    return '';
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
}

const refused: readonly (readonly [text: string, problem: RegExp])[] = [
  ['pipe = ["procmail"]', /pipe\[1\]: must begin with the absolute path/],
  ['pipe = ["/bin/x", "${usr}"]', /pipe\[2\]: has \$\{usr\}, which is none of \$\{recipient\}/],
  ['pipe = ["/bin/${user}"]', /must be the path of one program/],
  ['pipe = []', /must name a program/],
  ['pipe = ["/bin/x"]\nas = "root"', /must not be root/],
  ['pipe = ["/bin/x"]\nas = "mail:root"', /must not be root/],
  ['pipe = ["/bin/x"]\nas = "a:b:c"', /neither a user nor user:group/],
  ['pipe = ["/bin/x"]\nmx = true', /exclude each other/],
  ['mx = true\nas = "mail"', /is only for pipe/],
  ['mx = true\nat_once = 4', /is only for pipe, archive, mailbox, local and redirect/],
  ['mailbox = false', /must be true/],
  ['mailbox = true', /mailbox: needs a \[\[directory\]\], which says who has a mailbox/],
  ['mailbox = true\n[mailboxes]\npath = "/var/mail/${domain}"', /needs \$\{user\}/],
  ['archive = { }', /needs one of maildir and file/],
  ['archive = { maildir = "/a", file = "/b" }', /needs one of maildir and file/],
  ['archive = { maildir = "a" }', /absolute path/],
  ['archive = { maildir = "/a", rotate = "daily" }', /is only for file/],
  ['archive = { file = "/a" }\nat_once = 2', /one process at a time/],
  ['redirect = []', /must name one address/],
  ['redirect = ["nobody"]', /redirect\[1\]/],
  ['hold = ""', /1 to 200 characters/],
];

for (const [text, problem] of refused)
  test(`${text.replaceAll('\n', '; ')} is refused`, () => {
    assert.match(problemsOf(`[[route]]\ndomain = ["a.test"]\n${text}\n`), problem);
  });

test('limits name routes that stay on this host, and no others', () => {
  const routes = `
[[route]]
name = "prog"
domain = ["a.test"]
pipe = ["/bin/x"]
at_once = 3
[[route]]
name = "away"
domain = ["b.test"]
relay = ["b.test"]
`;
  const limit = (name: string): string =>
    `[[limit]]\nper = "group"\nroute = ["${name}"]\nmessage_rate = "1/min"\n`;
  assert.match(problemsOf(routes + limit('away')), /goes to other hosts/);
  assert.match(problemsOf(routes + limit('porg')), /porg/);
  const rules = limitRules(parseConfig(routes + limit('prog'), '/etc/sluice.toml'));
  const sites = rules.filter(({ match }) => match.site !== undefined);
  assert.deepEqual(
    sites.map(({ per, connections, recipientsPerMessage, match }) => [
      per,
      connections,
      recipientsPerMessage,
      match.site,
    ]),
    [
      [[], undefined, undefined, sites[1]?.match.site],
      [['site'], 3, 1, [String(sites[1]?.match.site?.[0])]],
    ],
  );
  assert.match(String(sites[0]?.match.site?.[0]), /^pipe:prog~/);
});

test('two routes do not write to one file', () => {
  const route = (domain: string): string =>
    `[[route]]\ndomain = ["${domain}"]\narchive = { file = "/var/archive/all" }\n`;
  assert.match(problemsOf(route('a.test') + route('b.test')), /is already the file of route\[1\]/);
});

test('programs that are missing, or that others can change, are warned of', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-programs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'program');
  const warned = (user = ''): string[] => {
    const text = `${user}[[route]]\ndomain = ["a.test"]\npipe = ["${program}"]\n`;
    return wayWarnings(parseConfig(text, '/etc/sluice.toml')).map(({ message }) => message);
  };
  assert.match(String(warned()), /does not exist, so this mail waits/);
  writeFileSync(program, '#!/bin/sh\n', { mode: 0o600 });
  assert.match(String(warned()), /may not be run by anybody/);
  chmodSync(program, 0o775);
  assert.match(String(warned()), /can be changed by others/);
  chmodSync(program, 0o755);
  assert.deepEqual(warned(), []);
  assert.match(String(warned('user = "mail"\n')), /has no "as"/);
  chmodSync(folder, 0o777);
  assert.match(String(warned()), /can be replaced by everybody/);
});
