// Which keys sign a message: by the domain of its author, its user and its tenant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { signingRules } from '../../src/settings/signing.ts';
import type { MailFacts } from '../../src/signing/types.ts';

/** The file and the signing domain of each key that signs. */
function chosen(text: string, facts: Partial<MailFacts> & { readonly author: string }): string[] {
  const rules = signingRules(parseConfig(text, '/etc/sluice.toml'));
  return rules
    .choose({ tenant: '', user: '', routes: [], ...facts })
    .map(({ path, domain, rule }) => `${path.replace('/etc/', '')} ${rule.selector}@${domain}`);
}

const byDomain = `
[[signing_key]]
file = "other.pem"
[[signing_key]]
domain = ["*.example.com"]
file = "below.pem"
[[signing_key]]
domain = ["*.news.example.com"]
file = "news.pem"
[[signing_key]]
domain = ["example.com"]
file = "rsa.pem"
[[signing_key]]
domain = ["example.com", "example.net"]
file = "ed.key"
selector = "E2026"
`;

test('the domain itself comes first, then the longest suffix, then keys without a domain', () => {
  assert.deepEqual(chosen(byDomain, { author: 'example.com' }), [
    'rsa.pem rsa@example.com',
    'ed.key e2026@example.com',
  ]);
  assert.deepEqual(chosen(byDomain, { author: 'example.net' }), ['ed.key e2026@example.net']);
  assert.deepEqual(chosen(byDomain, { author: 'a.b.example.com' }), ['below.pem below@example.com']);
  assert.deepEqual(chosen(byDomain, { author: 'a.news.example.com' }), ['news.pem news@news.example.com']);
  assert.deepEqual(chosen(byDomain, { author: 'other.test' }), ['other.pem other@other.test']);
});

test('no key signs for an author without a domain', () => {
  for (const author of ['', '[192.0.2.1]', '..', 'a/b', '../etc'])
    assert.deepEqual(chosen(byDomain, { author }), [], author);
});

test('a key of the user, else of the tenant, counts instead of those for everybody', () => {
  const text = `
[[tenant]]
name = "news"
[[signing_key]]
domain = ["example.com"]
file = "all.pem"
[[signing_key]]
domain = ["example.com"]
tenant = "news"
file = "news.pem"
[[signing_key]]
domain = ["example.com"]
user = ["joe@example.com"]
file = "joe.pem"
sign_as = "mail.example.com"
`;
  const author = 'example.com';
  assert.deepEqual(chosen(text, { author }), ['all.pem all@example.com']);
  assert.deepEqual(chosen(text, { author, tenant: 'news' }), ['news.pem news@example.com']);
  assert.deepEqual(chosen(text, { author, tenant: 'news', user: 'joe@example.com' }), [
    'joe.pem joe@mail.example.com',
  ]);
  assert.deepEqual(chosen(text, { author, user: 'sue@example.com' }), ['all.pem all@example.com']);
});

test('a % in the path stands for the domain of the author', () => {
  const text = '[[signing_key]]\nfile = "/var/qmail/control/domainkeys/%/default"\n';
  const rules = signingRules(parseConfig(text, '/etc/sluice.toml'));
  const [key] = rules.choose({ author: 'a.example.com', tenant: '', user: '', routes: [] });
  assert.equal(key!.path, '/var/qmail/control/domainkeys/a.example.com/default');
  assert.equal(key!.domain, 'a.example.com');
  assert.equal(key!.rule.selector, 'default');
  assert.equal(key!.isOptional, true);
});

test('mistakes in the file are told', () => {
  const problem = (text: string) => {
    try {
      parseConfig(text, '/etc/sluice.toml');
    } catch (error) {
      return String(error);
    }
    return '';
  };
  assert.match(problem('[[signing_key]]\nfile = "a b.pem"\n'), /the name of this file is no selector/);
  assert.match(problem('[[signing_key]]\nfile = "a.pem"\nselector = "a b"\n'), /is not a selector/);
  assert.match(
    problem('[[signing_key]]\nfile = "a.pem"\ntenant = "news"\n'),
    /no \[\[tenant\]\] with the name "news"/,
  );
});

test('a key for a route signs in place of those for all routes, and the keys of several routes sign together', () => {
  const text = `
[[route]]
name = "partners"
domain = ["partner.test"]
relay = ["192.0.2.1"]
[[route]]
name = "provider"
domain = ["provider.test"]
relay = ["192.0.2.2"]
[[signing_key]]
domain = ["example.com"]
file = "all.pem"
[[signing_key]]
domain = ["example.com"]
route = ["partners"]
file = "partners.pem"
[[signing_key]]
domain = ["example.com"]
route = ["provider", "partners"]
file = "both.pem"
[[signing_key]]
domain = ["example.com"]
user = ["boss@example.com"]
file = "boss.pem"
`;
  const files = (routes: readonly string[], user = '') =>
    chosen(text, { author: 'example.com', user, routes }).map((each) => each.split(' ')[0]);
  assert.deepEqual(files([]), ['all.pem']);
  assert.deepEqual(files(['']), ['all.pem']);
  assert.deepEqual(files(['partners']), ['partners.pem', 'both.pem']);
  assert.deepEqual(files(['provider']), ['both.pem']);
  assert.deepEqual(files(['', 'provider']), ['all.pem', 'both.pem']);
  // A user is more special than a route.
  assert.deepEqual(files(['partners'], 'boss@example.com'), ['boss.pem']);
});
