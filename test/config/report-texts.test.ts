// Files with texts of reports: read with the configuration, and checked with it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { loadConfig } from '../../src/config/config.ts';
import { bounceSettings } from '../../src/settings/settings.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function load(t: TestContext, texts: string, config = '') {
  const { path } = temporaryFolder(t, 'texts');
  writeFileSync(join(path, 'de.toml'), texts);
  const file = join(path, 'sluice.toml');
  writeFileSync(file, `spool = "spool"\n${config}[bounce]\ntexts = ["de.toml"]\nlanguage = "DE"\n`);
  const read: string[] = [];
  return { config: loadConfig(file, (name) => void read.push(name)), read, path };
}

function problemOf(t: TestContext, texts: string, config?: string): string {
  try {
    load(t, texts, config);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems
      .map(({ file, line, key, message }) => `${file.split('/').pop()}:${line} ${key}: ${message}`)
      .join('\n');
  }
  return '';
}

test('texts of a file are those of reports', (t) => {
  const { config, read, path } = load(t, 'language = "de"\nclosing = "Hilfe: {hostname}"\n');
  const { texts } = bounceSettings(config);
  assert.equal(texts.textsFor('', []).closing, 'Hilfe: {hostname}');
  assert.equal(texts.textsFor('', []).language, 'de');
  assert.ok(read.includes(join(path, 'de.toml')));
  assert.deepEqual(config.bounce.texts, [join(path, 'de.toml')]);
});

test('what is wrong in such a file is told with its place', (t) => {
  assert.match(problemOf(t, 'closing = "x"\n'), /language/u);
  assert.match(
    problemOf(t, 'language = "de"\n\nclosing = "an {recipient}"\n'),
    /^de\.toml:3 closing: .*\{recipient\} is not known here; this text may have \{hostname\}, \{queue_id\}/u,
  );
  assert.match(
    problemOf(t, 'language = "de"\nsubjekt_failed = "x"\n'),
    /^de\.toml:2 subjekt_failed: .*did you mean "subject_failed"/u,
  );
  assert.match(problemOf(t, 'language = "deutsch!"\n'), /is no language/u);
  assert.match(problemOf(t, 'language = "de"\nclosing = 1\n'), /^de\.toml:2 closing/u);
  assert.match(problemOf(t, 'language =\n'), /^de\.toml:\d+ : this is not TOML/u);
  assert.match(
    problemOf(t, `language = "de"\nclosing = "${'x'.repeat(4_001)}"\n`),
    /at most 4000 characters/u,
  );
});

test('a tenant and a route of reports must exist', (t) => {
  const { path } = temporaryFolder(t, 'texts');
  const file = join(path, 'sluice.toml');
  const at = (key: string): string => {
    writeFileSync(
      file,
      `spool = "spool"\n[bounce]\n${key}\n[[tenant]]\nname = "reports"\n[[route]]\nname = "out"\nmx = true\n`,
    );
    try {
      return String(loadConfig(file).bounce.tenant ?? loadConfig(file).bounce.route);
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };
  assert.equal(at('tenant = "reports"'), 'reports');
  assert.equal(at('route = "out"'), 'out');
  assert.match(at('tenant = "report"'), /bounce\.tenant/u);
  assert.match(at('route = "in"'), /bounce\.route/u);
});
