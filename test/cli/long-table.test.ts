// A list that is longer than a section of a table: one head, all rows, and columns that only grow.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { fitToWidth } from '../../src/cli/terminal-text.ts';
import { contentFor, envelopeFor, writerDefaults } from '../spool/support.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

test('a list of many recipients has one head and every row, in columns that only grow', async (t) => {
  const { path: folder } = temporaryFolder(t, 'list');
  const spool = join(folder, 'spool');
  const config = join(folder, 'sluice.toml');
  writeFileSync(config, `spool = ${JSON.stringify(spool)}\n`);
  const writer = await openSpoolWriter({ ...writerDefaults, directory: spool });
  const many = Array.from(
    { length: 2_500 },
    (_, at) => `${at < 1_500 ? '' : 'a-longer-name-'}user${at}@a.test`,
  );
  await writer.append({ envelope: envelopeFor(writer.newQueueId(), many), content: [contentFor(1, 100)] });
  await writer.close();
  const { stdout } = await sluice(['queue', 'list', '--limit', '0', '--config', config]);
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.filter((line) => line.startsWith('ID ')).length, 1);
  assert.equal(lines.length, 1 + many.length + 1);
  assert.equal(lines.at(-1), '2500 recipients');
  for (const [at, address] of many.entries())
    assert.match(lines[at + 1]!, new RegExp(` ${address}(?: |$)`, 'u'));
  const columnOf = (at: number): number => lines[at + 1]!.indexOf(many[at]!);
  assert.equal(columnOf(0), columnOf(1_400));
  assert.equal(columnOf(0), columnOf(2_400));
});

test('on a terminal, further rows of a table are cut as its first ones are', () => {
  const row = 'a1  12s  ready  a.very.long.address@example.com';
  assert.equal(fitToWidth(`${row}\n`, 30, true).split('\n')[0], row.slice(0, 30).trimEnd());
  assert.notEqual(fitToWidth(`${row}\n`, 30).split('\n')[1], fitToWidth(`${row}\n`, 30, true).split('\n')[1]);
});
