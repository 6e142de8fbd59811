// Warnings of check about archives that cannot be written to.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { archiveWarnings } from '../../src/cli/archive-warnings.ts';
import { parseConfig } from '../../src/config/config.ts';

test('archives in what is no regular file, or no folder, are warned of', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-archives-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  writeFileSync(join(folder, 'file'), '');
  const archives = [
    `file = "${folder}/fifo"`,
    `file = "${folder}/file"`,
    `file = "${folder}/new"`,
    `maildir = "${folder}/file"`,
    `maildir = "${folder}/new"`,
    'file = "/dev/null"',
  ];
  const routes = archives.map((each, at) => `[[route]]\ndomain = ["d${at}.test"]\narchive = { ${each} }\n`);
  const warnings = await archiveWarnings(parseConfig(routes.join(''), 'sluice.toml'));
  assert.deepEqual(warnings, [
    {
      path: ['route', 0, 'archive', 'file'],
      message: `${folder}/fifo is no regular file: it is a FIFO; its mail waits`,
    },
    { path: ['route', 3, 'archive', 'maildir'], message: `${folder}/file is no folder; its mail waits` },
    {
      path: ['route', 5, 'archive', 'file'],
      message: '/dev/null is no regular file: it is a device; its mail waits',
    },
  ]);
});
