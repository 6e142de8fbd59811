// [[signing_key]] and the file dkimdomains of s/qmail: what they say, and the places of their mistakes.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadConfig, parseConfig } from '../../src/config/config.ts';
import { configWarnings } from '../../src/config/check/warnings.ts';
import { placedText, placeWarnings } from '../../src/config/read/config-warning.ts';
import { signingRules } from '../../src/settings/signing.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function load(t: TestContext, lines: string, more = '') {
  const { path } = temporaryFolder(t, 'signing-keys');
  mkdirSync(join(path, 'control'));
  writeFileSync(join(path, 'control/dkimdomains'), lines);
  const file = join(path, 'sluice.toml');
  writeFileSync(file, `[signing]\ndkimdomains = "control/dkimdomains"\n${more}`);
  const read: string[] = [];
  const config = loadConfig(file, (name) => read.push(name.replace(`${path}/`, '')));
  const keys = (author: string) =>
    signingRules(config)
      .choose({ author, tenant: '', user: '', routes: [] })
      .map(
        ({ path: key, domain, rule }) =>
          `${key.replace(`${path}/`, '')} ${rule.selector}@${domain} ${rule.headerCanonicalization}/${rule.bodyCanonicalization}`,
      );
  return { keys, read };
}

test('dkimdomains names the keys of each domain, several at once, and those of all others', (t) => {
  const { keys, read } = load(
    t,
    '# signed\nexample.com:default,eddy|||604800|\nexample.net:s1|example.com|~||t:2:\n\nexample.org\n*:other|||| u : 2\n',
  );
  assert.deepEqual(read, ['sluice.toml', 'control/dkimdomains']);
  assert.deepEqual(keys('example.com'), [
    'ssl/domainkeys/example.com/default default@example.com relaxed/relaxed',
    'ssl/domainkeys/example.com/eddy eddy@example.com relaxed/relaxed',
  ]);
  assert.deepEqual(keys('example.net'), ['ssl/domainkeys/example.com/s1 s1@example.com relaxed/simple']);
  assert.deepEqual(keys('example.org'), [
    'ssl/domainkeys/example.org/default default@example.org relaxed/relaxed',
  ]);
  assert.deepEqual(keys('a.test'), ['ssl/domainkeys/a.test/other other@a.test simple/relaxed']);
});

test('the keys may be elsewhere, and stand beside those of the configuration', (t) => {
  const { keys } = load(
    t,
    'example.com:default\n',
    'domainkeys = "keys"\n[[signing_key]]\ndomain = ["example.com"]\nfile = "own.pem"\n',
  );
  assert.deepEqual(keys('example.com'), [
    'own.pem own@example.com relaxed/relaxed',
    'keys/example.com/default default@example.com relaxed/relaxed',
  ]);
});

test('mistakes in dkimdomains have their places', (t) => {
  for (const [line, problem] of [
    ['a@b:default', /dkimdomains:2:1: "a@b" is an address/],
    ['example.com:a b', /dkimdomains:2:1: "a b" is not a selector/],
    ['example.com:a||||x:2', /dkimdomains:2:1: "x" is not a canonicalization/],
    ['example.com:a|-', /dkimdomains:2:1: "-" is not a domain name/],
  ] as const)
    assert.throws(() => load(t, `example.org:a\n${line}\n`), problem);
});

test('who signs by DomainKeys is told what they are worth', () => {
  const told = (more: string) => {
    const key = `hostname = "mx.example.com"\n[[signing_key]]\ndomain = ["example.com"]\nfile = "own.pem"\n${more}`;
    return placeWarnings(configWarnings(parseConfig(key, 'sluice.toml')), undefined).map(placedText);
  };
  assert.deepEqual(told(''), []);
  const [warning = '', ...others] = told('domainkeys = true\n');
  assert.match(
    warning,
    /^signing_key\[1\]\.domainkeys: .* SHA-1, which RFC 8301 forbids .* no large receiver/,
  );
  assert.deepEqual(others, []);
});
