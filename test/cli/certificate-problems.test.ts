// What `sluice check` says about the files of certificates.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { certificateProblems } from '../../src/cli/certificate-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { makeAuthority } from '../support/certificates.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('each certificate that cannot be used, that has expired or whose key is open to all, is named with its place', (t) => {
  const { path: folder } = temporaryFolder(t, 'certificates');
  const authority = makeAuthority();
  const nowMs = Date.now();
  const leaves = {
    good: authority.issue(),
    expired: authority.issue({ from: nowMs - 7_200_000, until: nowMs - 3_600_000 }),
    open: authority.issue(),
    mixed: { ...authority.issue(), key: authority.issue().key },
  };
  for (const [name, { chain, key }] of Object.entries(leaves)) {
    writeFileSync(join(folder, `${name}.pem`), chain, { mode: 0o600 });
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
  }
  chmodSync(join(folder, 'open.key'), 0o644);
  const tables = [...Object.keys(leaves), 'missing'].map(
    (name) => `[[certificate]]\nchain = "${name}.pem"\nkey = "${name}.key"\n`,
  );
  const text = `${tables.join('')}[[listen]]\naddress = "127.0.0.1:2525"\nrelay_ca = "good.pem"\n`;
  const found = certificateProblems(parseConfig(text, join(folder, 'sluice.toml')), nowMs);
  const shown = found.map(
    ({ path, message }) => `${path.join('.')}: ${message.replaceAll(`${folder}/`, '')}`,
  );
  const expected = [
    /^certificate\.1: The certificate expired\.pem for mx\.example\.com expired on /u,
    /^certificate\.2: Every user of this host may read the private key open\.key\. Close it: chmod 600 /u,
    /^certificate\.3: Comparing mixed\.key with mixed\.pem: the key does not belong to the certificate\. /u,
    /^certificate\.4: Reading missing\.pem: there is no such file\. /u,
    /^listen\.0\.relay_ca: Reading the authorities in good\.pem: number 1 is not the certificate of an authority\. /u,
  ];
  assert.equal(shown.length, expected.length, shown.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(shown[index] ?? '', pattern);
});
