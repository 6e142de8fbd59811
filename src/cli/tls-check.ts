// `sluice tls check`: looks at the TLS of a mail server from outside, and says what another mail server could find fault with.

import type { X509Certificate } from 'node:crypto';
import { type Command, Option } from 'commander';
import { systemHostname } from '../config/read/system-hostname.ts';
import { chainProblem } from '../tls/chain-problem.ts';
import { commonName, describeCertificate } from '../tls/describe-certificate.ts';
import { formatRelayHost, parseRelayHost, type RelayHost } from '../values/endpoint.ts';
import { ValueError } from '../values/value-error.ts';
import { readConfig } from './config-file.ts';
import { configuredLookup } from './configured-lookup.ts';
import { CommandError, exitCodes } from './exit-codes.ts';
import { printText } from './terminal-text.ts';
import { certificateRows, rowsText } from './tls-text.ts';
import { probeTls, type TlsProbe } from './tls-probe.ts';
import { isIP } from '../values/ip-version.ts';

/** TLS begins before the greeting there (RFC 8314 3.3). */
const submissionsPort = 465;
const soonMs = 14 * 86_400_000;

interface CheckOptions {
  readonly config?: string;
  readonly name?: string;
  readonly json?: boolean;
}

/** Adds the command below `sluice tls`. */
export function registerCheck(tls: Command): void {
  tls
    .command('check')
    .description('look at the TLS of a mail server from outside; exits with 1 when something is wrong')
    .argument(
      '<host>',
      'HOST or HOST:PORT (25 if none is given); smtps://HOST where TLS begins before the greeting',
    )
    .option('--name <name>', 'the name that the certificate should be for, if it is not HOST')
    .addOption(configurationOption())
    .option('--json', 'print JSON for programs')
    .action(check);
}

/** Without it, the command needs no configuration: it is for any host, from any host. */
function configurationOption(): Option {
  return new Option(
    '-c, --config <file>',
    'look the host up as Sluice does, by [dns] of this configuration file (default: as the system does)',
  );
}

async function check(text: string, _: CheckOptions, command: Command): Promise<void> {
  // Commander gives --json and --config to the command above, which has them, too.
  const { config: file, name, json } = command.optsWithGlobals<CheckOptions>();
  const config = file === undefined ? undefined : readConfig(file);
  const host = hostOf(text);
  const wanted = name?.toLowerCase() ?? host.host;
  const probe = await probeTls({
    host,
    name: wanted,
    heloName: config?.hostname ?? systemHostname(),
    lookup: config && configuredLookup(config),
  });
  const problems = problemsOf(probe, wanted, Date.now());
  if (json === true) {
    const { chain, remarks: _remarks, ...rest } = probe;
    const certificates = chain.map(describeCertificate);
    process.stdout.write(`${JSON.stringify({ ...rest, certificates, problems })}\n`);
  } else printText(probeText(host, probe, problems, Date.now()));
  if (problems.length > 0) process.exitCode = exitCodes.failed;
}

function hostOf(text: string): RelayHost {
  try {
    const host = parseRelayHost(text);
    return host.port === submissionsPort ? { ...host, implicitTls: true } : host;
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const advice = 'Write HOST, HOST:PORT or smtps://HOST.';
    throw new CommandError(exitCodes.usage, 'TLS_CHECK_HOST', `Which host? ${error.message}.`, advice);
  }
}

/** What another mail server could find fault with; none of it keeps an opportunistic one from sending. */
export function problemsOf(
  {
    version,
    chain: [leaf],
    chainProblem: chainCode,
    remarks,
  }: Pick<TlsProbe, 'version' | 'chain' | 'chainProblem' | 'remarks'>,
  name: string,
  nowMs: number,
): readonly string[] {
  const problems: string[] = [...remarks];
  // RFC 8996: TLS 1.0 and 1.1 must not be used.
  if (version !== 'TLSv1.2' && version !== 'TLSv1.3') problems.push(`${version} must not be used any more`);
  if (leaf === undefined) return [...problems, 'the server has shown no certificate'];
  if (chainCode !== '') problems.push(chainProblem(chainCode).text);
  if (!isFor(leaf, name)) problems.push(`the certificate is not for ${name}`);
  const leftMs = leaf.validToDate.getTime() - nowMs;
  if (leftMs > 0 && leftMs < soonMs)
    problems.push(`the certificate expires on ${leaf.validToDate.toISOString().slice(0, 10)}`);
  return problems;
}

function isFor(leaf: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) !== undefined;
}

function probeText(host: RelayHost, probe: TlsProbe, problems: readonly string[], nowMs: number): string {
  const { address, version, cipher, group, chain } = probe;
  const how = host.implicitTls === true ? 'TLS before the greeting' : 'STARTTLS';
  const certificates = chain.map((each, index) => {
    const { names, keySize, issuer, ...rest } = describeCertificate(each);
    const type =
      each.publicKey.asymmetricKeyType === 'ec'
        ? 'ECDSA'
        : (each.publicKey.asymmetricKeyType ?? '').toUpperCase();
    const rows = certificateRows(
      { ...rest, issuer, names: index === 0 ? names : [] },
      `${type}, ${keySize}`,
      nowMs,
    );
    return `Certificate ${index + 1}, ${commonName(each.subject)}\n${rowsText(rows)}`;
  });
  const head = rowsText([
    ['address', address],
    ['session', [version, cipher, group].filter((each) => each !== '').join(', ')],
  ]);
  const verdict =
    problems.length === 0 ? 'No problem found.\n' : problems.map((each) => `Problem: ${each}.\n`).join('');
  return `${formatRelayHost(host)}, ${how}\n${head}${certificates.join('')}${verdict}`;
}
