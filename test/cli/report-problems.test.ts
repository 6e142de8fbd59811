// What `sluice check` says about reports to other domains.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportProblems } from '../../src/cli/report-problems.ts';
import { configWarnings } from '../../src/config/check/warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { reportSettings } from '../../src/settings/report-settings.ts';

const host = 'hostname = "mx.sluice.test"\n';
const key = '[[signing_key]]\ndomain = ["mx.sluice.test"]\nfile = "/k/r1.pem"\n';

function configOf(text: string) {
  return parseConfig(`${host}${text}`, 'sluice.toml');
}

test('TLS reports are sent where they can be signed, unless the configuration says otherwise', () => {
  const kinds = (text: string) => reportSettings(configOf(text)).kinds;
  assert.deepEqual(kinds(''), []);
  assert.deepEqual(kinds(key), ['tls']);
  assert.deepEqual(kinds(`${key}[reports]\nfrom = "a@other.test"\n`), []);
  assert.deepEqual(kinds(`${key}[reports]\ntls = false\n`), []);
  assert.deepEqual(kinds('[reports]\ntls = true\ndmarc = true\n'), ['tls', 'dmarc']);
});

test('reports that nobody can sign are warned of', () => {
  const problems = (text: string) =>
    reportProblems(configOf(text)).map(({ path, message }) => `${path.join('.')}: ${message}`);
  assert.deepEqual(problems(''), []);
  assert.deepEqual(problems(key), []);
  assert.match(
    problems('[reports]\ntls = true\n').join(','),
    /^reports\.tls: no \[\[signing_key\]\] is for mx\.sluice\.test/,
  );
  assert.match(
    problems(`${key}[reports]\ndmarc = true\nfrom = "a@other.test"\n`).join(','),
    /^reports\.from: no \[\[signing_key\]\] is for other\.test/,
  );
});

test('DMARC reports without verification are warned of', () => {
  const warned = (text: string) =>
    configWarnings(configOf(text)).some(({ path }) => path.join('.') === 'reports.dmarc');
  assert.ok(warned('[reports]\ndmarc = true\n'));
  assert.ok(!warned('[reports]\ndmarc = true\n[verification]\nmode = "test"\n'));
  assert.ok(!warned('[reports]\ndmarc = true\n[[verification_rule]]\nmode = "on"\n'));
  assert.ok(!warned(''));
});
