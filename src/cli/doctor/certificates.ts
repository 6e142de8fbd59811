// Certificates of the server, judged as clients and other servers do: dates, names, chain, key, TLSA records. The facts are gathered by
// `certificate-facts.ts`.

import type { TlsaMatch } from '../../dane/match-tlsa.ts';
import { dateNotice } from '../../process/watch/certificate-troubles.ts';
import { chainProblem } from '../../tls/chain-problem.ts';
import { error, type Finding, note, notSeen, warning } from './finding.ts';

export interface CertificateChecks {
  /** Files with which a start ends, and a reload is refused: sentences. */
  readonly unusable: readonly string[];
  /** Files that this user may not read: sentences. */
  readonly unseen: readonly string[];
  readonly certificates: readonly OneCertificate[];
  /** A listener that other hosts reach has TLS: `server` for other servers, `users` with log-ins as well. */
  readonly seenBy: 'nobody' | 'servers' | 'users';
  /** Names by which others know this host, each with why. */
  readonly names: readonly { readonly name: string; readonly why: string }[];
  /** TLSA records that are published for such names, against each certificate for them. */
  readonly tlsa: readonly { readonly name: string; readonly file: string; readonly match: TlsaMatch }[];
}

export interface OneCertificate {
  readonly file: string;
  readonly keyFile: string;
  readonly names: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isKeyOpenToAll: boolean;
  /** The verdict of OpenSSL with the authorities of this system; empty: it is trusted. */
  readonly chainCode: string;
  /** It names a place for the certificate of its issuer, as public authorities do, and comes alone. */
  readonly lacksIssuer: boolean;
}

export function certificateFindings(facts: CertificateChecks, nowMs: number): readonly Finding[] {
  const { unusable, unseen, certificates, seenBy, tlsa } = facts;
  return [
    ...unusable.map((text) =>
      error(
        'certificates-unusable',
        text,
        'Correct the files that [[certificate]] or the text names, then: sluice check && sluice reload',
      ),
    ),
    ...unseen.map((text) => notSeen(text, 'Run "sluice doctor" as root.')),
    ...certificates.flatMap((each) => certificateFindingsOf(each, seenBy, nowMs)),
    // Of files that cannot be read, the names are not known.
    ...(seenBy === 'nobody' || unusable.length + unseen.length > 0 ? [] : nameFindings(facts, seenBy)),
    ...tlsa.flatMap(({ name, file, match }) =>
      match.kind === 'failed'
        ? [
            error(
              'certificates-dane',
              `The TLSA records of _25._tcp.${name} do not fit the certificate ${file} (${match.reason}): servers with DANE send nothing.`,
              `Publish "3 1 1" with the key_fingerprint that "sluice tls --json" shows, at _25._tcp.${name}, and keep the key when the certificate is renewed`,
            ),
          ]
        : [],
    ),
  ];
}

function certificateFindingsOf(
  each: OneCertificate,
  seenBy: CertificateChecks['seenBy'],
  nowMs: number,
): readonly Finding[] {
  return [...dateFindings(each, nowMs), ...keyFindings(each), ...chainFindings(each, seenBy)];
}

function dateFindings(certificate: OneCertificate, nowMs: number): readonly Finding[] {
  const notice = dateNotice(certificate, nowMs);
  if (notice === undefined) return [];
  const renew =
    'certbot renew, or as it was made; "systemctl list-timers" shows whether something does it by itself';
  if (certificate.untilMs <= nowMs) return [error('certificates-expired', notice.text, renew)];
  if (certificate.fromMs > nowMs) return [error('certificates-early', notice.text, notice.advice)];
  return [warning('certificates-soon', notice.text, renew)];
}

function keyFindings({ keyFile, isKeyOpenToAll }: OneCertificate): readonly Finding[] {
  if (!isKeyOpenToAll) return [];
  return [
    warning(
      'certificates-key',
      `Every user of this host may read the private key ${keyFile}, and be this server for others.`,
      `chmod 600 ${keyFile}; only the supervisor reads it`,
    ),
  ];
}

function chainFindings(
  { file, chainCode, lacksIssuer }: OneCertificate,
  seenBy: CertificateChecks['seenBy'],
): readonly Finding[] {
  // Dates are told by themselves.
  const { kind, text: why } = chainProblem(chainCode);
  const isAboutDates = kind === 'expired' || kind === 'not yet valid';
  if (chainCode === '' || seenBy === 'nobody' || isAboutDates) return [];
  if (lacksIssuer)
    return [
      warning(
        'certificates-chain',
        `The file ${file} has the certificate of the server alone, without that of its issuer: clients that check cannot.`,
        'Name the file with the whole chain: fullchain.pem instead of cert.pem',
      ),
    ];
  const text = `Others do not trust the certificate ${file}: ${why}.`;
  const mend = 'Use one of a public authority (certbot certonly), unless all clients know this one';
  return [
    seenBy === 'users' ? warning('certificates-trust', text, mend) : note('certificates-trust', text, mend),
  ];
}

function nameFindings(
  { certificates, names }: CertificateChecks,
  seenBy: 'servers' | 'users',
): readonly Finding[] {
  if (certificates.length === 0) return [ownFinding(seenBy)];
  const covered = certificates.flatMap((each) => each.names);
  return names
    .filter(({ name }) => !covered.some((each) => isNamed(each, name)))
    .map(({ name, why }) =>
      warning(
        'certificates-name',
        `No certificate is for ${name}, ${why}: who checks names (MTA-STS, users) sends nothing.`,
        `certbot certonly -d ${name} (and the names of now), then: sluice check`,
      ),
    );
}

function ownFinding(seenBy: 'servers' | 'users'): Finding {
  const what = 'Sluice shows a certificate that it signed itself, since there is no [[certificate]]';
  const mend = 'certbot certonly -d NAME, then a [[certificate]] with chain and key; docs/certificates.md';
  return seenBy === 'users'
    ? warning('certificates-own', `${what}: programs of users refuse it.`, mend)
    : note(
        'certificates-own',
        `${what}: other servers encrypt with it, and cannot tell this server from another.`,
        mend,
      );
}

/** A star stands for one label. */
function isNamed(pattern: string, name: string): boolean {
  if (pattern === name) return true;
  return pattern.startsWith('*.') && name.includes('.') && pattern.slice(1) === name.slice(name.indexOf('.'));
}
