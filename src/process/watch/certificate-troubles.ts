// Troubles of certificates, for `sluice status`: one that has expired or soon will, files that cannot be used, a key that
// everybody may read.

import { SluiceError } from '../../errors/sluice-error.ts';
import type { Logger } from '../../log/logger.ts';
import type { TroubleKey } from '../../stats/trouble-kinds.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { CertificateFacts } from '../../tls/certificate-facts.ts';
import type { ReadCertificate } from '../../tls/read-certificates.ts';

const dayMs = 86_400_000;
/** A certificate that ends within this time should have been renewed. */
const soonMs = 14 * dayMs;
/** Of one that is valid for less than two months, a quarter of its time. */
const soonShare = 4;

/** A text with advice, as in a trouble. */
export interface CertificateNotice {
  readonly text: string;
  readonly advice: string;
}

const renewAdvice =
  'Renew it. Sluice reads the new files by itself within ten seconds; mail servers that check certificates send nothing until then.';

/** What is wrong with the dates of a certificate; undefined: nothing. */
export function dateNotice(
  { file, names, fromMs, untilMs }: Pick<CertificateFacts, 'file' | 'names' | 'fromMs' | 'untilMs'>,
  nowMs: number,
): CertificateNotice | undefined {
  const name = `The certificate ${file}${names[0] === undefined ? '' : ` for ${names[0]}`}`;
  if (untilMs <= nowMs) return { text: `${name} expired on ${dayText(untilMs)}.`, advice: renewAdvice };
  if (fromMs > nowMs) {
    const advice = 'See that the clock of this host is right, or use the certificate later.';
    return { text: `${name} is not valid before ${dayText(fromMs)}.`, advice };
  }
  const isSoon = untilMs - nowMs < Math.min(soonMs, (untilMs - fromMs) / soonShare);
  if (!isSoon) return undefined;
  return {
    text: `${name} expires on ${dayText(untilMs)}.`,
    advice:
      'Renew it, and see why that did not happen by itself. Sluice reads the new files within ten seconds.',
  };
}

/** What is wrong with the rights of a key; undefined: nothing. */
export function keyNotice({ keyFile, isKeyOpenToAll }: ReadCertificate): CertificateNotice | undefined {
  if (!isKeyOpenToAll) return undefined;
  return {
    text: `Every user of this host may read the private key ${keyFile}.`,
    advice: `Close it: chmod 600 ${keyFile}. Only the supervisor reads it.`,
  };
}

export class CertificateTroubles {
  readonly #troubles: Troubles;
  #raised: readonly TroubleKey[] = [];
  #unusable = '';

  constructor(troubles: Troubles) {
    this.#troubles = troubles;
  }

  /** Sets the troubles of the certificates in force. */
  report(certificates: readonly ReadCertificate[], nowMs: number): void {
    const found = certificates.flatMap((each) => {
      const key = each.facts.file;
      const [dates, rights] = [dateNotice(each.facts, nowMs), keyNotice(each)];
      return [
        ...(dates === undefined ? [] : [{ key: `certificate:${key}` as const, ...dates }]),
        ...(rights === undefined ? [] : [{ key: `certificate:key ${key}` as const, ...rights }]),
      ];
    });
    for (const { key, text, advice } of found) this.#troubles.raise(key, 'warning', text, advice);
    const keys = found.map(({ key }) => key);
    for (const key of this.#raised) if (!keys.some((each) => each === key)) this.#troubles.clear(key);
    this.#raised = keys;
  }

  /** The files of before are used: those of now cannot be. */
  unusable(error: unknown, log: Pick<Logger, 'error'>): void {
    const { message } = error instanceof Error ? error : new Error(String(error));
    const advice = error instanceof SluiceError ? error.advice : '';
    if (this.#unusable !== message)
      log.error(`certificates were not read again: ${message} ${advice}`.trimEnd());
    this.#unusable = message;
    const text = `The files of certificates have changed and cannot be used; what was read before is in force. ${message}`;
    this.#troubles.raise('certificate', 'warning', text, advice);
  }

  usable(): void {
    this.#unusable = '';
    this.#troubles.clear('certificate');
  }
}

/** `2027-03-04 05:06 UTC`. */
function dayText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
