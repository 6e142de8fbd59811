// `sluice tls`: which certificates the running Sluice serves, for which names and until when.

import type { Command } from 'commander';
import type { ServedTls } from '../control/operations/tls.ts';
import type { CertificateFacts } from '../tls/certificate-facts.ts';
import { configOption, readPlaces } from './config-file.ts';
import { printText } from './terminal-text.ts';
import { registerCheck } from './tls-check.ts';
import { registerSts } from './tls-sts.ts';
import { certificateRows, rowsText } from './tls-text.ts';
import { table } from './text-table.ts';
import { ask } from './until-reachable.ts';

export function register(program: Command): void {
  const tls = program
    .command('tls')
    .description(
      'show what the running Sluice serves under TLS: certificates with names, dates and fingerprints, and the listeners',
    )
    .addOption(configOption())
    .option('--json', 'print JSON for programs')
    .action(show);
  registerCheck(tls);
  registerSts(tls);
}

async function show(options: { readonly config?: string; readonly json?: boolean }): Promise<void> {
  const config = readPlaces(options.config);
  const served = await ask(config, { operation: 'tls' });
  if (options.json === true) process.stdout.write(`${JSON.stringify(served)}\n`);
  else printText(servedText(served));
}

/** What people read of an answer. */
export function servedText({ certificates, listeners, nowMs }: ServedTls): string {
  const rows = listeners.map(({ address, protocol, tls, asksClients }) => [
    address,
    protocol.toUpperCase(),
    tls,
    asksClients ? 'asked for' : '-',
  ]);
  const shown = certificates.map((each, index) => certificateText(each, index === 0, nowMs));
  const head = shown.length === 0 ? 'No certificate is served: no listener has TLS.\n' : shown.join('');
  return `${head}\n${table(['LISTENER', 'PROTOCOL', 'TLS', 'CLIENT CERTIFICATES'], rows)}`;
}

function certificateText(certificate: CertificateFacts, isDefault: boolean, nowMs: number): string {
  const { file, keyType, keySize } = certificate;
  const head = file === '' ? 'Signed by Sluice itself, because there is no [[certificate]]' : file;
  const key = `${keyType === 'rsa' ? 'RSA' : 'ECDSA'}, ${keySize}`;
  return `${head}${isDefault ? ' (the default)' : ''}\n${rowsText(certificateRows(certificate, key, nowMs))}`;
}
