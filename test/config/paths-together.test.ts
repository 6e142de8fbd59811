// Paths that exclude each other: refused where the file is read, with the key that is to be changed.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';
import { spoolLayout, formatPath, holdsPath } from '../../src/spool/segments/layout.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** What is said of a configuration in a folder; nothing when it is taken. */
function said(text: string, folder = '/etc/sluice'): readonly string[] {
  try {
    parseConfig(text, join(folder, 'sluice.toml'));
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, key, message }) => `${line} ${key}: ${message}`);
  }
}

test('two keys do not have the same path', () => {
  assert.deepEqual(said('control_socket = "a.sock"\nsubmission_socket = "/etc/sluice/x/../a.sock"'), [
    '2 submission_socket: /etc/sluice/a.sock is also control_socket; give each a path of its own',
  ]);
  assert.deepEqual(said('spool = "sp"\ncontrol_socket = "sp"'), [
    '2 control_socket: /etc/sluice/sp is also spool; give each a path of its own',
  ]);
  assert.deepEqual(said('[log]\nfile = "var/control.sock"'), [
    '2 log.file: /etc/sluice/var/control.sock is also control_socket; give each a path of its own',
  ]);
  assert.deepEqual(said('spool = "/s"\n[log]\nfile = "/s"'), [
    '3 log.file: /s is also spool; give each a path of its own',
  ]);
  assert.deepEqual(said('control_socket = "submit.sock"'), [
    '1 submission_socket: /etc/sluice/submit.sock is also control_socket; give each a path of its own',
  ]);
});

test('the log is not written into what the configuration reads', (t) => {
  assert.deepEqual(said('[log]\nfile = "sluice.toml"'), [
    '2 log.file: /etc/sluice/sluice.toml is also the configuration file; give each a path of its own',
  ]);
  const { path } = temporaryFolder(t, 'paths');
  writeFileSync(join(path, 'domains'), 'a.example\n');
  const text = '[receive]\nrelay_domains_file = "domains"\n[log]\nfile = "domains"';
  assert.match(said(text, path).join(','), /^4 log\.file: .*domains is also receive\.relay_domains_file/u);
});

test('no path is below a socket or a file', () => {
  assert.deepEqual(said('spool = "/run/c/spool"\ncontrol_socket = "/run/c"'), [
    '2 control_socket: /run/c/spool, which is spool, is below this path, which is not a folder',
  ]);
  assert.deepEqual(said('control_socket = "/run/c"\n[log]\nfile = "/run/c/log"'), [
    '3 log.file: /run/c/log is below control_socket, which is not a folder',
  ]);
});

test('names that the spool uses itself are refused, and other names in its folder are allowed', () => {
  const layout = spoolLayout('/s');
  const own = [
    layout.segments,
    layout.journal,
    layout.large,
    layout.damaged,
    formatPath(layout),
    holdsPath(layout),
  ];
  const state = [
    '/s/overrides.json',
    '/s/overrides.json.copy',
    '/s/rates.json.new',
    '/s/pipelining.json',
    '/s/reports.json',
    '/s/dmarc-0.json',
    '/s/clock.json',
    '/s/holds.new',
  ];
  for (const place of [...own, ...state, '/s/bus.sock', '/s/sender-12.sock', '/s/journal/log']) {
    assert.deepEqual(
      said(`spool = "/s"\n[log]\nfile = "${place}"`),
      [
        `3 log.file: ${place} is a name that the spool uses itself; choose one outside of the folder of spool`,
      ],
      place,
    );
  }
  assert.deepEqual(
    said('spool = "/s"\ncontrol_socket = "/s/control.sock"\n[log]\nfile = "/s/rates.log"'),
    [],
  );
  assert.deepEqual(said('spool = "/s"\ncontrol_socket = "/s2"\n[log]\nfile = "/dev/null"'), []);
});

test('links are followed', (t) => {
  const { path } = temporaryFolder(t, 'paths');
  mkdirSync(join(path, 'real'));
  symlinkSync('real', join(path, 'link'));
  const text = 'control_socket = "real/a.sock"\nsubmission_socket = "link/a.sock"';
  assert.match(said(text, path).join(','), /^2 submission_socket: .*real\/a\.sock is also control_socket/u);
});
