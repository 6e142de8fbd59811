// `npm run test:testssl`: what testssl.sh (Debian: testssl.sh) finds in a listener with STARTTLS and one with TLS from the start. Fails
// at a finding above low. It takes a minute or two for each, so `npm test` does without.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, Ground } from '../../sim/neighbours/ground.ts';
import { startSluice } from '../../sim/neighbours/sluice.ts';
import { makeAuthority } from '../support/certificates.ts';

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

const serious = new Set(['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL']);
/** About the certificate, which the test makes: an authority of one's own has no lists of revoked certificates. */
const aboutOurCertificate = new Set(['cert_revocation']);

const ground = new Ground('sluice-testssl-');
try {
  const folder = ground.folder('certificate');
  const authority = makeAuthority();
  const { chain, key } = authority.issue({ names: ['localhost'], until: Date.now() + 90 * 86_400_000 });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const [port, implicitPort] = [await freePort(), await freePort()];
  await startSluice(ground, {
    port,
    config: {
      listen: [{ address: `127.0.0.1:${port}` }, { address: `127.0.0.1:${implicitPort}`, tls: 'implicit' }],
      certificate: [{ chain: file('chain.pem', chain), key: file('key.pem', key) }],
      route: [{ discard: true }],
    },
  });
  const ca = file('ca.pem', authority.certificate);
  for (const [how, target] of [
    ['STARTTLS', ['-t', 'smtp', `localhost:${port}`]],
    ['implicit TLS', [`localhost:${implicitPort}`]],
  ] as const) {
    const report = join(ground.directory, `${how.replaceAll(' ', '-')}.json`);
    const options = ['--quiet', '--color', '0', '--nodns', 'none', '--ip', '127.0.0.1', '--add-ca', ca];
    await ground.run('testssl', [...options, '--jsonfile', report, ...target], {
      // Its exit code counts findings of any kind; it wants to know its terminal.
      codes: Array.from({ length: 256 }, (_, code) => code),
      env: { ...process.env, TERM: 'dumb' },
    });
    const findings = JSON.parse(readFileSync(report, 'utf8')) as Finding[];
    const bad = findings.filter(({ id, severity }) => serious.has(severity) && !aboutOurCertificate.has(id));
    process.stdout.write(`${how}: ${findings.length} findings, ${bad.length} above low\n`);
    for (const { id, severity, finding } of bad) process.stdout.write(`  ${severity} ${id}: ${finding}\n`);
    if (bad.length > 0 || findings.length < 100) process.exitCode = 1;
  }
} catch (error) {
  ground.lastWords((line) => process.stderr.write(`${line}\n`));
  throw error;
} finally {
  await ground.end();
}
