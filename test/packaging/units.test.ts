// The units of systemd: without a mistake, well closed, and the template differs from the unit only in names.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = join(import.meta.dirname, '../../packaging/systemd');
const isThere = spawnSync('systemd-analyze', ['--version']).status === 0;
const skip = !isThere && 'there is no systemd-analyze';

test('the exposure of the service is below 3', { skip }, () => {
  const { stdout } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', '--no-pager', join(folder, 'sluice.service')],
    { encoding: 'utf8' },
  );
  const level = /Overall exposure level for sluice\.service: (?<level>[\d.]+)/u.exec(stdout)?.groups?.[
    'level'
  ];
  assert.ok(level !== undefined && Number(level) < 3, stdout.slice(-500));
});

test('systemd finds no mistake in the units', { skip }, (t) => {
  // A root of its own, in which the program of the units exists.
  const place = temporaryFolder(t, 'units').path;
  mkdirSync(join(place, 'usr/bin'), { recursive: true });
  const program = join(place, 'usr/bin/sluice');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  const units = ['sluice.service', 'sluice@.service', 'sluice.socket'];
  for (const unit of units) {
    const text = readFileSync(join(folder, unit), 'utf8').replaceAll('/usr/bin/sluice', program);
    writeFileSync(join(place, basename(unit)), text);
  }
  const paths = ['sluice.service', 'sluice@one.service', 'sluice.socket'].map((unit) => join(place, unit));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
    encoding: 'utf8',
  });
  const ours = stderr.split('\n').filter((line) => line.includes('sluice'));
  assert.deepEqual([status, ours], [0, []]);
});

test('the template differs from the unit only in the names of its instance', () => {
  const settings = (unit: string) =>
    readFileSync(join(folder, unit), 'utf8')
      .split('\n')
      .filter((line) => /^[A-Z[]/u.test(line) && !line.startsWith('Description='));
  const template = settings('sluice@.service').map((line) =>
    line
      .replace('/etc/sluice/%i.toml', '/etc/sluice/sluice.toml')
      .replace(/^(?<key>\w+Directory)=(?<path>.*)\/%i$/u, '$<key>=$<path>'),
  );
  assert.deepEqual(template, settings('sluice.service'));
});
