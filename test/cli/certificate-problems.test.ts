// What `sluice check` says about the files of certificates.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificateProblems } from '../../src/cli/certificate-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { ConfigWarning } from '../../src/config/read/config-warning.ts';
import { CertificateError } from '../../src/tls/certificate-error.ts';
import { type Leaf, makeAuthority } from '../support/certificates.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { sluice } from './run.ts';

/** The files of leaves, and of others, in a folder with a configuration that names them. */
function world(t: TestContext) {
  const { path: folder } = temporaryFolder(t, 'certificates');
  const file = join(folder, 'sluice.toml');
  return {
    folder,
    file,
    write: (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 }),
    install(name: string, { chain, key }: Pick<Leaf, 'chain' | 'key'>): void {
      this.write(`${name}.pem`, chain);
      this.write(`${name}.key`, key);
    },
    shown: (found: readonly ConfigWarning[]): string[] =>
      found.map(({ path, message }) => `${path.join('.')}: ${message.replaceAll(`${folder}/`, '')}`),
  };
}

function tableFor(name: string): string {
  return `[[certificate]]\nchain = "${name}.pem"\nkey = "${name}.key"\n`;
}

function assertEach(shown: readonly string[], expected: readonly RegExp[]): void {
  assert.equal(shown.length, expected.length, shown.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(shown[index] ?? '', pattern);
}

test('files that stop a start are problems; dates and open keys are warnings; each is named with its place', (t) => {
  const place = world(t);
  const authority = makeAuthority();
  const nowMs = Date.now();
  const { chain, key } = authority.issue();
  place.install('good', { chain, key });
  place.install('expired', authority.issue({ from: nowMs - 7_200_000, until: nowMs - 3_600_000 }));
  place.install('open', authority.issue());
  place.install('mixed', { chain, key: authority.issue().key });
  place.install('garbage', { chain: 'nothing', key });
  place.install('damaged', { chain: chain.replace(/M[^\n]{20}/u, 'M'), key });
  place.install('keyless', { chain, key: chain });
  chmodSync(join(place.folder, 'open.key'), 0o644);
  const tables = ['good', 'expired', 'open', 'mixed', 'garbage', 'damaged', 'keyless', 'missing'].map(
    tableFor,
  );
  const text = `${tables.join('')}[[listen]]\naddress = "127.0.0.1:2525"\nrelay_ca = "good.pem"\n[[tls]]\nmx = ["mx.example.com"]\ncertificate = "none.pem"\n`;
  const found = certificateProblems(parseConfig(text, place.file), nowMs);
  assertEach(place.shown(found.warnings), [
    /^certificate\.1: The certificate expired\.pem for mx\.example\.com expired on /u,
    /^certificate\.2: Every user of this host may read the private key open\.key\. Close it: chmod 600 /u,
  ]);
  assertEach(place.shown(found.problems), [
    /^certificate\.3: Comparing mixed\.key with mixed\.pem: the key does not belong to the certificate\. /u,
    /^certificate\.4: Reading the certificates in garbage\.pem: the file holds no certificate in PEM form\. /u,
    /^certificate\.5: Reading the certificates in damaged\.pem: number 1 is damaged\. /u,
    /^certificate\.6: Reading the private key in keyless\.key: the file holds no private key in PEM form\. /u,
    /^certificate\.7: Reading missing\.pem: there is no such file\. /u,
    /^tls\.0\.certificate: Reading none\.pem: there is no such file\. /u,
    /^listen\.0\.relay_ca: Reading the authorities in good\.pem: number 1 is not the certificate of an authority\. /u,
  ]);
});

test('with a file that stops a start, the check prints its place and what to do, and ends with 78', async (t) => {
  const place = world(t);
  const expired = { from: Date.now() - 7_200_000, until: Date.now() - 3_600_000 };
  place.install('expired', makeAuthority().issue(expired));
  const places =
    'hostname = "mx.example.com"\nspool = "spool"\ncontrol_socket = "c"\nsubmission_socket = "s"\n';
  place.write('sluice.toml', `${places}${tableFor('expired')}`);
  const usable = await sluice(['check'], { cwd: place.folder });
  assert.equal(usable.code, 0, usable.stderr);
  assert.match(
    usable.stdout,
    /^warning: \S+sluice\.toml:5:3: certificate\[1\]: The certificate \S+ for mx\.example\.com expired/mu,
  );
  place.write('sluice.toml', `${places}${tableFor('expired')}${tableFor('missing')}`);
  const { code, stdout, stderr } = await sluice(['check'], { cwd: place.folder });
  assert.equal(code, 78);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^\S+sluice\.toml:8:3: certificate\[2\]: Reading \S+missing\.pem: there is no such file\. Correct the path/mu,
  );
  assert.match(stderr, /^warning: .*expired/mu);
  assert.match(stderr, /^1 problem found\. Until this is corrected, Sluice does not start/mu);
  const json = await sluice(['check', '--json'], { cwd: place.folder });
  const { ok, problems, warnings } = JSON.parse(json.stdout) as Record<string, unknown[] | boolean>;
  assert.deepEqual([json.code, ok, json.stderr], [78, false, '']);
  assert.equal((problems as readonly { line: number }[])[0]?.line, 8);
  assert.equal((warnings as unknown[]).length > 0, true);
});

test('a file that only this user may not read stops the start by this user, and is a warning where root starts', (t) => {
  const forbidden = new CertificateError(
    'CERTIFICATE_FILE',
    'Reading x.pem: this user may not read it.',
    '',
    {
      cause: Object.assign(new Error('EACCES'), { code: 'EACCES' }),
    },
  );
  const place = world(t);
  const read = (): never => {
    throw forbidden;
  };
  const text = '[[certificate]]\nchain = "x.pem"\n';
  const config = parseConfig(text, place.file);
  const counts = (user: string | undefined, uid: number) => {
    const { problems, warnings } = certificateProblems({ ...config, user }, Date.now(), uid, read);
    return [problems.length, warnings.length];
  };
  assert.deepEqual(counts(undefined, 1000), [1, 0]);
  assert.deepEqual(counts('mail', 1000), [0, 1]);
  assert.deepEqual(counts('mail', 0), [1, 0]);
});

test('a client certificate that the ciphers of its [[tls]] do not take is a problem of that table', (t) => {
  const place = world(t);
  place.install('client', makeAuthority().issue({ keyType: 'rsa' }));
  const table = (ciphers: string) =>
    `[[tls]]\nmx = ["mx.example.com"]\ncertificate = "client.pem"\nkey = "client.key"\n${ciphers}`;
  const text = `${table('')}${table('ciphers = "ALL:@SECLEVEL=3"\n')}`;
  const { problems } = certificateProblems(parseConfig(text, place.file), Date.now());
  assertEach(place.shown(problems), [
    /^tls\.1\.certificate: Using the certificate in client\.pem with ciphers = "ALL:@SECLEVEL=3": OpenSSL refuses it \(ee key too small\)\./u,
  ]);
});
