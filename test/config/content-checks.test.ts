// [[stage]] of kind "content-checks".

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

import { stageFileProblems } from '../../src/cli/stage-file-problems.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { checkFilesOf } from '../../src/settings/content-checks-stage.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function config(keys: string, file = '/etc/sluice/sluice.toml') {
  return parseConfig(
    `hostname = "mx.example.org"\n[[stage]]\nname = "checks"\nkind = "content-checks"\n${keys}\n`,
    file,
  );
}

function stage(keys: string) {
  const [only] = config(keys).stage;
  assert.ok(only?.kind === 'content-checks');
  return only;
}

test('fields of parts and attached messages are looked up where those of the message are, unless they have tables', () => {
  const header = { type: 'pcre', path: '/etc/sluice/header' } as const;
  assert.deepEqual(checkFilesOf(stage('header_checks = ["pcre:header"]')), {
    header: [header],
    mime: [header],
    nested: [header],
    body: [],
  });
  const own = stage(
    'header_checks = ["pcre:header"]\nmime_header_checks = []\nnested_header_checks = ["texthash:/n"]\nbody_checks = ["regexp:../b"]',
  );
  assert.deepEqual(checkFilesOf(own), {
    header: [header],
    mime: [],
    nested: [{ type: 'texthash', path: '/n' }],
    body: [{ type: 'regexp', path: '/etc/b' }],
  });
});

test('limits are those of Postfix, and one for all of a body', () => {
  const { headerSizeLimit, bodyChecksSizeLimit, bodyChecksTotalLimit, audience } = stage('');
  assert.deepEqual(
    [headerSizeLimit, bodyChecksSizeLimit, bodyChecksTotalLimit],
    [102_400, 51_200, 1_048_576],
  );
  assert.equal(audience, 'unknown');
});

for (const [keys, expected] of [
  ['header_checks = ["/etc/postfix/header_checks"]', /write "pcre:", "regexp:" or "texthash:"/],
  [
    'header_checks = ["hash:/etc/postfix/header_checks"]',
    /write "texthash:" and the file that postmap reads/,
  ],
  ['body_checks = "pcre:/x"', /a list of tables/],
  ['header_size_limit = "1GiB"', /too large/],
] as const) {
  test(`${keys} is a mistake that says how it is right`, () => {
    assert.throws(
      () => config(keys),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}

test('sluice check names the line of a table that nobody understands, and a route that is missing', async (t) => {
  const { path: folder } = temporaryFolder(t, 'checks');
  writeFileSync(`${folder}/header`, '/a/ REJECT\n/(a)\\1/ WARN\n');
  writeFileSync(`${folder}/body`, '/a/ FILTER scan\n');
  const keys = `header_checks = ["pcre:header"]\nbody_checks = ["pcre:body", "pcre:none"]`;
  const problems = await stageFileProblems(config(keys, `${folder}/sluice.toml`));
  assert.deepEqual(
    problems.map(({ path }) => path.join('.')),
    ['stage.0.header_checks', 'stage.0.body_checks', 'stage.0.body_checks'],
  );
  const [header, body, none] = problems.map(({ message }) => message);
  assert.match(header ?? '', /header cannot be used.*: line 2: .* has a backreference/u);
  assert.match(body ?? '', /line 1: FILTER takes the name of a \[\[route\]\], and none is called "scan"/u);
  assert.match(none ?? '', /ENOENT/u);
  const right = await stageFileProblems(
    config(
      `body_checks = ["pcre:body"]\n[[route]]\nname = "scan"\nrelay = ["127.0.0.1:10025"]`,
      `${folder}/sluice.toml`,
    ),
  );
  assert.deepEqual(right, []);
});
