// Reads and examines all that a configuration names for TLS: chains, keys and authorities.

import { createSecureContext } from 'node:tls';
import { withTls13 } from '../values/cipher-list.ts';
import { CertificateError } from './certificate-error.ts';
import { readCertificateFile } from './certificate-files.ts';
import {
  type CertificateTexts,
  certificatesIn,
  type ExaminedCertificate,
  examineCertificate,
} from './examine-certificate.ts';
import { opensslReason } from './openssl-reason.ts';
import type { ServedCertificate } from './tls-material.ts';

/** The paths of one `[[certificate]]`, or of a certificate that `[[tls]]` tables show to other servers. */
export interface CertificatePaths {
  readonly chain: string;
  readonly key: string;
  readonly names?: readonly string[] | undefined;
  /** Lists of ciphers with which it is shown. OpenSSL judges keys by them, too (`@SECLEVEL`). */
  readonly ciphers?: readonly string[] | undefined;
}

/** What was read from the files of one `[[certificate]]`. */
export type ReadCertificate = ExaminedCertificate & {
  readonly keyFile: string;
  /** What was examined. */
  readonly texts: CertificateTexts;
  /** Every user of this host may read the key. */
  readonly isKeyOpenToAll: boolean;
};

/**
 * @param before - what was read earlier: what has not changed is not examined again, which takes two milliseconds each
 * @throws {CertificateError} for the first one that cannot be used
 */
export function readCertificates(
  all: readonly CertificatePaths[],
  before: readonly ReadCertificate[] = [],
): readonly ReadCertificate[] {
  const known = new Map(before.map((each) => [each.texts.chainFile, each]));
  return all.map(({ chain, ciphers = [], key, names }) => {
    const chainRead = readCertificateFile(chain);
    const keyRead = chain === key ? chainRead : readCertificateFile(key);
    const texts = { chainFile: chain, chain: chainRead.text, keyFile: key, key: keyRead.text, names };
    const earlier = known.get(chain);
    const isSame = earlier !== undefined && JSON.stringify(earlier.texts) === JSON.stringify(texts);
    const examined = isSame ? earlier : examineCertificate(texts);
    for (const list of ciphers) checkCiphers(chain, examined.served, list);
    return { ...examined, texts, keyFile: key, isKeyOpenToAll: keyRead.isOpenToAll };
  });
}

function checkCiphers(file: string, { chain, key }: ServedCertificate, list: string): void {
  try {
    createSecureContext({ cert: chain, key, ca: [], ciphers: withTls13(list) });
  } catch (error) {
    throw new CertificateError(
      'CERTIFICATE_REFUSED',
      `Using the certificate in ${file} with ciphers = ${JSON.stringify(list)}: OpenSSL refuses it (${opensslReason(error)}).`,
      'Get a certificate with a stronger key or signature, or ask for less in ciphers of the [[tls]] table, e.g. by a lower @SECLEVEL.',
    );
  }
}

/**
 * The authorities in each of these files, as PEM.
 * @throws {CertificateError} for the first file that cannot be used
 */
export function readAuthorities(paths: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    paths.map((path) => {
      const certificates = certificatesIn(readCertificateFile(path).text, path);
      const stranger = certificates.findIndex(({ ca }) => !ca);
      if (stranger === -1) return [path, certificates.map(String).join('')];
      throw new CertificateError(
        'CERTIFICATE_FORM',
        `Reading the authorities in ${path}: number ${stranger + 1} is not the certificate of an authority.`,
        'Name the file of the authority that issues the certificates of your clients. A certificate of a client goes into relay_certificates.',
      );
    }),
  );
}
