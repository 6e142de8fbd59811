// Reads and examines all that a configuration names for TLS: chains, keys and authorities.

import { CertificateError } from './certificate-error.ts';
import { readCertificateFile } from './certificate-files.ts';
import {
  type CertificateTexts,
  certificatesIn,
  type ExaminedCertificate,
  examineCertificate,
} from './examine-certificate.ts';

/** The paths of one `[[certificate]]`. */
export interface CertificatePaths {
  readonly chain: string;
  readonly key: string;
  readonly names: readonly string[] | undefined;
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
  return all.map(({ chain, key, names }) => {
    const chainRead = readCertificateFile(chain);
    const keyRead = chain === key ? chainRead : readCertificateFile(key);
    const texts = { chainFile: chain, chain: chainRead.text, keyFile: key, key: keyRead.text, names };
    const earlier = known.get(chain);
    const isSame = earlier !== undefined && JSON.stringify(earlier.texts) === JSON.stringify(texts);
    const examined = isSame ? earlier : examineCertificate(texts);
    return { ...examined, texts, keyFile: key, isKeyOpenToAll: keyRead.isOpenToAll };
  });
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
