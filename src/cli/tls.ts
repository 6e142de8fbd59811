// `sluice tls`: which certificates the running Sluice serves, for which names and until when.

import type { Command } from 'commander';
import type { ServedTls } from '../control/operations/tls.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import { configOption, readPlaces } from './config-file.ts';
import { printText } from './terminal-text.ts';
import { age } from './text-table.ts';
import { ask } from './until-reachable.ts';

export function register(program: Command): void {
  program
    .command('tls')
    .description('show the certificates that the running Sluice serves: names, dates, fingerprints')
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(show);
}

async function show(options: { readonly config?: string; readonly json?: boolean }): Promise<void> {
  const config = readPlaces(options.config);
  const served = await ask(config, { operation: 'tls' });
  if (options.json === true) process.stdout.write(`${JSON.stringify(served)}\n`);
  else printText(servedText(served));
}

/** What people read of an answer. */
export function servedText({ certificates, nowMs }: ServedTls): string {
  return certificates.map((each, index) => certificateText(each, index === 0, nowMs)).join('\n');
}

function certificateText(certificate: CertificateFacts, isDefault: boolean, nowMs: number): string {
  const { file, names, keyType, keySize, issuer, fingerprint, keyFingerprint } = certificate;
  const head = file === '' ? 'Signed by Sluice itself, because there is no [[certificate]]' : file;
  const rows = [
    ['names', names.length === 0 ? 'none' : names.join(', ')],
    ['key', `${keyType === 'rsa' ? 'RSA' : 'ECDSA'}, ${keySize}`],
    ['issued by', issuer],
    ['valid', validityText(certificate, nowMs)],
    ['sha256', fingerprint],
    // RFC 7672 3.1.1: usage 3, selector 1, matching type 1 outlive a renewal with the same key.
    ['TLSA', `3 1 1 ${keyFingerprint}`],
  ];
  const lines = rows.map(([name = '', value = '']) => `  ${name.padEnd(9)}  ${value}\n`);
  return `${head}${isDefault ? ' (the default)' : ''}\n${lines.join('')}`;
}

function validityText({ fromMs, untilMs }: CertificateFacts, nowMs: number): string {
  const [from, until] = [fromMs, untilMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  if (untilMs <= nowMs) return `EXPIRED on ${until}, ${age(nowMs - untilMs)} ago`;
  if (fromMs > nowMs) return `NOT BEFORE ${from}`;
  return `until ${until}, for ${age(untilMs - nowMs)}`;
}
