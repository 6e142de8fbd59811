// A Unix-domain socket of [[listen]] whose path is too long for the system is a mistake of the configuration.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';

const listenAt = (path: string) => () =>
  parseConfig(
    `[[listen]]\naddress = "127.0.0.1:2525"\n[[listen]]\naddress = "unix:${path}"\n`,
    '/x/sluice.toml',
  );

test('with a directory, the spool has a path that leaves room for the socket of the keys process', () => {
  const source = '[[directory]]\nname = "a"\nkind = "users"\npath = "/users"\n';
  const spool = (length: number) => `spool = "/${'s'.repeat(length - 1)}"\n`;
  assert.throws(
    () => parseConfig(`${spool(86)}${source}`, '/x/sluice.toml'),
    /spool: with a \[\[directory\]\] or \[\[signing_key\]\], .* is 101 bytes/u,
  );
  assert.doesNotThrow(() => parseConfig(`${spool(85)}${source}`, '/x/sluice.toml'));
  assert.doesNotThrow(() => parseConfig(spool(86), '/x/sluice.toml'));
});

test('the path of a socket has 100 bytes at most, counted with the folder of the configuration', () => {
  assert.throws(listenAt(`/${'s'.repeat(100)}`), {
    code: 'CONFIG_INVALID',
    message:
      /sluice\.toml:4:11: listen\[2\]\.address: .* is 101 bytes long; the path of a socket may have 100/u,
  });
  assert.throws(listenAt('s'.repeat(98)), /is 101 bytes long/u);
  assert.doesNotThrow(listenAt(`/${'s'.repeat(99)}`));
  assert.doesNotThrow(listenAt('s'.repeat(97)));
});
