// Which authorities count where the configuration names none: those of the system, and no others.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeAuthority } from '../../support/certificates.ts';

const module = new URL('../../../src/deliver/tls/system-authorities.ts', import.meta.url).href;
const program = `
const { trustSystemAuthorities } = await import(${JSON.stringify(module)});
trustSystemAuthorities();
const { getCACertificates } = await import('node:tls');
console.log(JSON.stringify(getCACertificates('default')));
`;

test('what the system trusts is trusted, once each, and not the authorities that Node comes with', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-authorities-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'trusted.pem');
  const { certificate } = makeAuthority();
  writeFileSync(file, certificate + certificate);
  const env = { ...process.env, SSL_CERT_FILE: file, SSL_CERT_DIR: join(folder, 'none') };
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { env });
  const trusted = JSON.parse(said.toString()) as string[];
  assert.deepEqual(
    trusted.map((pem) => pem.trim()),
    [certificate.trim()],
  );
});
