// What is wrong with the files of certificates now, for `sluice check`: problems, which would keep Sluice from starting and make a
// reload fail, and warnings about dates and about keys that everybody may read.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { type CertificateNotice, dateNotice, keyNotice } from '../process/watch/certificate-troubles.ts';
import { CertificateError } from '../tls/certificate-error.ts';
import { readAuthorities, type ReadCertificate, readCertificates } from '../tls/read-certificates.ts';

type Path = ConfigWarning['path'];

export interface CertificateProblems {
  /** A start with these files ends, and a reload is refused. */
  readonly problems: readonly ConfigWarning[];
  readonly warnings: readonly ConfigWarning[];
}

/**
 * Reads every certificate, key and authority once, as the user who runs this command.
 * @param uid - of this user
 * @param read - reads a certificate and its key
 */
export function certificateProblems(
  { certificate, receive, listen, tls, user }: Config,
  nowMs: number,
  uid = process.geteuid?.(),
  read: typeof readCertificates = readCertificates,
): CertificateProblems {
  const files: readonly { readonly path: Path; readonly check: () => readonly CertificateNotice[] }[] = [
    ...certificate.map((paths, index) => ({
      path: ['certificate', index],
      check: () => noticesOf(read([paths]), nowMs),
    })),
    ...tls.flatMap(({ certificate: chain, key = chain, ciphers }, index) =>
      chain === undefined || key === undefined
        ? []
        : [
            {
              path: ['tls', index, 'certificate'],
              check: () =>
                noticesOf(read([{ chain, key, ciphers: ciphers === undefined ? [] : [ciphers] }]), nowMs),
            },
          ],
    ),
    authorities(['receive', 'relay_ca'], receive.relayCa),
    ...listen.map((each, index) => authorities(['listen', index, 'relay_ca'], each.receive.relayCa)),
    authorities(['receive', 'login_ca'], receive.loginCa),
    ...listen.map((each, index) => authorities(['listen', index, 'login_ca'], each.receive.loginCa)),
  ];
  const problems: ConfigWarning[] = [];
  const warnings: ConfigWarning[] = [];
  // With a user in the configuration it is root that starts Sluice, and root may read what this user may not.
  const isStartedByRoot = user !== undefined && uid !== 0;
  for (const { path, check } of files) {
    try {
      for (const { text, advice } of check()) warnings.push({ path, message: `${text} ${advice}` });
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      const found = { path, message: `${error.message} ${error.advice}` };
      (isStartedByRoot && isForbidden(error) ? warnings : problems).push(found);
    }
  }
  return { problems, warnings };
}

function noticesOf(all: readonly ReadCertificate[], nowMs: number): readonly CertificateNotice[] {
  return all.flatMap((each) =>
    [dateNotice(each.facts, nowMs), keyNotice(each)].filter((notice) => notice !== undefined),
  );
}

function authorities(path: Path, file: string | undefined) {
  return {
    path,
    check: () => {
      if (file !== undefined) readAuthorities([file]);
      return [];
    },
  };
}

function isForbidden({ cause }: CertificateError): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
}
