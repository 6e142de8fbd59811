// The plugins and tests in docs/plugins.md are whole and work, by the command that authors use; their types are right.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { composeTypes } from '../../src/cli/plugin/compose.ts';
import { sluice } from '../cli/run.ts';
import { fencesOf, pages, root } from '../docs/pages.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const page = pages.find(({ file }) => file === 'docs/plugins.md');
const sources = fencesOf(page!).filter(
  ({ language, text }) => language === 'ts' && text.includes(`from 'sluice/plugin`),
);

test('plugins and tests of the page pass', async (t) => {
  const { path } = temporaryFolder(t, 'page');
  copyFileSync(join(root, 'examples/plugins/recipient-check.ts'), join(path, 'recipient-check.ts'));
  const names = sources.map(({ text }) =>
    text.includes('node:test')
      ? `${/ from '\.\/([a-z-]+)\.ts'/u.exec(text)?.[1]}.test`
      : (/^\/\/ ([a-z-]+):/u.exec(text)?.[1] ?? ''),
  );
  assert.deepEqual(names.toSorted(), ['no-digits', 'no-digits.test', 'recipient-check.test', 'role-guard']);
  for (const [index, name] of names.entries()) writeFileSync(join(path, `${name}.ts`), sources[index]!.text);
  writeFileSync(join(path, 'role-guard.test.ts'), roleGuardTest);
  writeFileSync(join(path, 'tsconfig.json'), composeTypes(join(root, 'src/plugin'), true));
  const { code, stdout } = await sluice(['plugin', 'test', '.'], { cwd: path });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^ℹ pass 4$/mu);
  const modules = join(root, 'node_modules');
  execFileSync(join(modules, '.bin/tsc'), ['--typeRoots', join(modules, '@types'), '--project', path]);
});

const roleGuardTest = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlugin } from 'sluice/plugin/testing';
import plugin from './role-guard.ts';

test('mail to roles comes from domains that are expected', async () => {
  await using asked = await testPlugin(plugin, { options: { allowed: ['example.net'] } });
  const kindOf = async (sender: string, recipient: string) => (await asked.rcpt({ sender, recipient })).kind;
  assert.equal(await kindOf('joe@example.org', 'Info@example.com'), 'tempfail');
  assert.equal(await kindOf('joe@Example.net', 'info@example.com'), 'continue');
  assert.equal(await kindOf('joe@example.org', 'abuse@example.com'), 'continue');
  assert.equal(await kindOf('joe@example.org', 'joe@example.com'), 'continue');
});

test('mail to roles is marked', async () => {
  await using asked = await testPlugin(plugin);
  assert.deepEqual(await asked.headers({ recipients: ['joe@example.com'] }), { kind: 'continue' });
  assert.deepEqual(await asked.headers({ recipients: ['joe@example.com', 'sales@example.com'] }), {
    kind: 'continue',
    edits: [{ kind: 'add-field', name: 'X-Role-Mail', value: 'yes' }],
  });
});
`;
