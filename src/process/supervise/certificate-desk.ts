// The one place where private keys are read. The supervisor reads the certificates of the configuration and their keys, gives
// them to receivers, follows changes of the files, and tells in troubles what is wrong with them. Where there is no [[certificate]], and
// a listener with TLS, it makes a certificate that it signs itself.
// Promises: a file that cannot be used any more leaves in force what was read before; no key leaves this object but in `material`.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import { fileVersions, fileVersionsNow } from '../../tls/certificate-files.ts';
import type { ExaminedCertificate } from '../../tls/examine-certificate.ts';
import {
  type CertificatePaths,
  readAuthorities,
  type ReadCertificate,
  readCertificates,
} from '../../tls/read-certificates.ts';
import { isUsable, mustRenew, selfSignedFor, storedForm } from '../../tls/self-signed.ts';
import { type TicketKeys, ticketKeyBytes } from '../../tls/ticket-keys.ts';
import type { GivenIdentities, TlsMaterial } from '../../tls/tls-material.ts';
import { hasTls } from '../../settings/tls-of-listeners.ts';
import { CertificateTroubles } from '../watch/certificate-troubles.ts';
import {
  type FoundSelfSigned,
  readSelfSigned,
  setSelfSignedAside,
  writeSelfSigned,
} from './self-signed-file.ts';

/** How often the files are looked at. */
const lookEveryMs = 10_000;
/** How long a ticket key is used for new tickets, and for as long again to take those. A ticket lives no longer. */
const ticketKeyMs = 3_600_000;

type TlsConfig = Pick<Config, 'certificate' | 'listen' | 'receive' | 'tls' | 'hostname' | 'spool'>;

/** Certificates that were read and can be served. */
export interface CertificatesRead {
  readonly config: TlsConfig;
  /** Those of the configuration; empty: the self-signed one is served. */
  readonly fromFiles: readonly ReadCertificate[];
  /** Those that [[tls]] tables show to other servers. */
  readonly identities: readonly ReadCertificate[];
  readonly authorities: Readonly<Record<string, string>>;
  /** The files just before they were read. */
  readonly versions: string;
}

export interface CertificateDeskParts {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly troubles: Troubles;
  /** Unix ms. */
  readonly now?: () => number;
}

export class CertificateDesk {
  readonly #log: CertificateDeskParts['log'];
  readonly #troubles: CertificateTroubles;
  readonly #now: () => number;
  #read: CertificatesRead;
  #selfSigned: ExaminedCertificate | undefined;
  /** The name that the self-signed one was made for. */
  #signedFor = '';
  #ticketKeys: TicketKeys = { current: newTicketKey(), former: '' };
  #ticketKeysSinceMs: number;
  /** The files as they were when they could not be used; looked at once more before that is a trouble. */
  #failedVersions: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #changed: () => void = () => undefined;

  /** @throws {CertificateError} when a certificate of the configuration cannot be used */
  constructor(config: TlsConfig, { log, troubles, now = Date.now }: CertificateDeskParts) {
    this.#log = log;
    this.#troubles = new CertificateTroubles(troubles);
    this.#now = now;
    this.#ticketKeysSinceMs = now();
    this.#read = readAll(config);
    this.#renewSelfSigned();
    this.#report();
  }

  /** Calls back when `material` or `facts` are others. */
  onChanged(changed: () => void): void {
    this.#changed = changed;
  }

  /** Looks at the files from now on. */
  start(): void {
    this.#lookLater();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads the certificates of another configuration. @throws {CertificateError} when one cannot be used; nothing changes then */
  read(config: TlsConfig): CertificatesRead {
    return readAll(config, this.#read);
  }

  /** Puts in force what was read. */
  use(read: CertificatesRead): void {
    this.#read = read;
    this.#failedVersions = undefined;
    this.#troubles.usable();
    this.#renewSelfSigned();
    this.#report();
    this.#changed();
  }

  /** For receivers, and for nobody else. */
  get material(): TlsMaterial {
    return {
      certificates: this.#served().map(({ served }) => served),
      ticketKeys: this.#ticketKeys,
      authorities: this.#read.authorities,
    };
  }

  /** For senders, and for nobody else. */
  get identities(): GivenIdentities {
    return Object.fromEntries(
      this.#read.identities.map(({ facts, served: { chain, key } }) => [facts.file, { chain, key }]),
    );
  }

  /** What is served, without keys. */
  get facts(): readonly CertificateFacts[] {
    return this.#served().map(({ facts }) => facts);
  }

  /** One look at files, dates and the age of the ticket key. */
  async look(): Promise<void> {
    const before = this.#read;
    const versions = await fileVersions(pathsOf(before.config));
    if (before !== this.#read) return; // a reload has read them meanwhile
    let isNew = versions !== before.versions && this.#readAgain(versions);
    isNew = this.#renewSelfSigned() || isNew;
    isNew = this.#renewTicketKeys() || isNew;
    this.#report();
    if (isNew) this.#changed();
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      void this.look().then(() => {
        if (this.#timer !== undefined) this.#lookLater();
      });
    }, lookEveryMs).unref();
  }

  #served(): readonly ExaminedCertificate[] {
    const { fromFiles } = this.#read;
    return this.#selfSigned === undefined ? fromFiles : [this.#selfSigned];
  }

  /** @returns whether there are new certificates */
  #readAgain(versions: string): boolean {
    try {
      this.#read = readAll(this.#read.config, this.#read);
      this.#failedVersions = undefined;
      this.#troubles.usable();
      this.#log.info('certificates or keys have changed on disk, and were read again');
      return true;
    } catch (error) {
      // Chain and key are replaced one after the other: what does not fit together now may do so at the next look.
      const isSecondTime = this.#failedVersions === versions;
      this.#failedVersions = versions;
      if (isSecondTime) this.#troubles.unusable(error, this.#log);
      return false;
    }
  }

  #renewTicketKeys(): boolean {
    const ageMs = this.#now() - this.#ticketKeysSinceMs;
    if (ageMs < ticketKeyMs) return false;
    // After a long pause of this process or its host, nothing of before is worth taking.
    const former = ageMs < 2 * ticketKeyMs ? this.#ticketKeys.current : '';
    this.#ticketKeys = { current: newTicketKey(), former };
    this.#ticketKeysSinceMs = this.#now();
    return true;
  }

  /** Makes the self-signed certificate if it is needed and missing, or about to expire. */
  #renewSelfSigned(): boolean {
    const { fromFiles, config } = this.#read;
    if (fromFiles.length > 0 || !hasTls(config)) {
      this.#selfSigned = undefined;
      return false;
    }
    const before = this.#selfSigned;
    const isForHost = this.#signedFor === config.hostname;
    if (before !== undefined && isForHost && !mustRenew(before, this.#now())) return false;
    this.#selfSigned = this.#makeSelfSigned();
    return true;
  }

  #makeSelfSigned(): ExaminedCertificate {
    const { hostname, spool } = this.#read.config;
    const before = this.#selfSigned;
    const found = readSelfSigned(spool);
    const isFound = found.kind === 'text' && isUsable(found.text);
    const stored = isFound ? found.text : before === undefined ? '' : storedForm(before);
    if (!isFound && found.kind !== 'none' && before === undefined) this.#warnOfLostKey(found);
    const certificate = selfSignedFor(hostname, stored, this.#now());
    this.#log.info(
      `there is no [[certificate]]: TLS uses a certificate for ${hostname} that Sluice signed itself`,
    );
    this.#signedFor = hostname;
    const form = storedForm(certificate);
    if (form !== stored || !isFound) this.#store(form);
    return certificate;
  }

  /** Another key is made, which nobody has asked for, and which others may notice before the administrator does. */
  #warnOfLostKey(found: Exclude<FoundSelfSigned, { readonly kind: 'none' }>): void {
    const { hostname, spool } = this.#read.config;
    const reason = found.kind === 'refused' ? found.reason : 'it is damaged';
    const kept = setSelfSignedAside(spool);
    this.#log.warn(
      `the self-signed certificate in ${join(spool, 'tls', 'self-signed.pem')} cannot be used (${reason}), so another one with another key is made; TLSA records of the old key do not match any more, and hosts that obey DANE send nothing: replace them by those that "sluice tls" shows for ${hostname}${kept === undefined ? '' : `; the old file is kept as ${kept}`}`,
      { code: 'SELF_SIGNED_LOST' },
    );
  }

  #store(form: string): void {
    try {
      writeSelfSigned(this.#read.config.spool, form);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#log.warn(`the self-signed certificate cannot be stored, so the next start makes another: ${why}`);
    }
  }

  #report(): void {
    this.#troubles.report([...this.#read.fromFiles, ...this.#read.identities], this.#now());
  }
}

function newTicketKey(): string {
  return randomBytes(ticketKeyBytes).toString('base64');
}

function readAll(config: TlsConfig, before?: CertificatesRead): CertificatesRead {
  return {
    config,
    versions: fileVersionsNow(pathsOf(config)),
    fromFiles: readCertificates(config.certificate, before?.fromFiles),
    identities: readCertificates(identityPaths(config), before?.identities),
    authorities: readAuthorities(authorityPaths(config)),
  };
}

/** Several tables may show the same certificate. */
function identityPaths({ tls }: TlsConfig): readonly CertificatePaths[] {
  const byChain = new Map<string, CertificatePaths>();
  for (const { certificate: chain, key = chain, ciphers } of tls) {
    if (chain === undefined || key === undefined) continue;
    const others = byChain.get(chain)?.ciphers ?? [];
    byChain.set(chain, { chain, key, ciphers: ciphers === undefined ? others : [...others, ciphers] });
  }
  return [...byChain.values()];
}

function authorityPaths({ receive, listen }: TlsConfig): readonly string[] {
  const all = [receive, ...listen.map((each) => each.receive)].flatMap(({ relayCa, loginCa }) => [
    relayCa,
    loginCa,
  ]);
  return [...new Set(all.filter((path) => path !== undefined))];
}

function pathsOf(config: TlsConfig): readonly string[] {
  const certificates = [...config.certificate, ...identityPaths(config)];
  return [...certificates.flatMap(({ chain, key }) => [chain, key]), ...authorityPaths(config)];
}
