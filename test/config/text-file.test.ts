// Files of different editors: a byte order mark and CRLF make no difference, other encodings are an error.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const text =
  'hostname = "mx.example.com"\n[receive]\nrelay_domains_file = "domains"\n[[limit]]\nper = "group"\ndomain_file = "domains"\nconnections = 5\n';
const domains = 'example.com\n*.example.net\n';

function loaded(t: TestContext, config: string | Buffer, list: string | Buffer) {
  const { path } = temporaryFolder(t, 'text-file');
  writeFileSync(join(path, 'sluice.toml'), config);
  writeFileSync(join(path, 'domains'), list);
  const { file: _, ...rest } = loadConfig(join(path, 'sluice.toml'));
  return JSON.stringify(rest).replaceAll(path, '');
}

describe('a configuration and its lists', () => {
  for (const [what, change] of [
    ['a byte order mark', (plain: string) => `\ufeff${plain}`],
    ['CRLF', (plain: string) => plain.replaceAll('\n', '\r\n')],
    ['both', (plain: string) => `\ufeff${plain.replaceAll('\n', '\r\n')}`],
  ] as const) {
    it(`with ${what} mean the same as without`, (t) => {
      assert.equal(loaded(t, change(text), change(domains)), loaded(t, text, domains));
    });
  }

  it('in UTF-16 are told to be saved as UTF-8', (t) => {
    const utf16 = (plain: string) => Buffer.from(`\ufeff${plain}`, 'utf16le');
    assert.throws(
      () => loaded(t, utf16(text), domains),
      /sluice\.toml:1:1: the file is in UTF-16; save it as UTF-8$/u,
    );
    assert.throws(
      () => loaded(t, text, utf16(domains)),
      /domains:1:1: the file is in UTF-16; save it as UTF-8$/u,
    );
  });

  it('with a byte of Latin-1 are an error at its place, and a replacement character is none', (t) => {
    const latin1 = Buffer.from(`${text}# \ufffd\n# Gr\xfc\xdfe`, 'latin1');
    assert.throws(
      () => loaded(t, Buffer.concat([Buffer.from(`# \ufffd\n${text}`), latin1.subarray(-7)]), domains),
      /sluice\.toml:9:5: this byte is not UTF-8 \(a letter of Latin-1\?\); save the file as UTF-8$/u,
    );
    assert.doesNotThrow(() => loaded(t, `# \ufffd\n${text}`, domains));
  });
});
