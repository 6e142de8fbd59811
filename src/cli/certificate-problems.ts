// What is wrong with the files of certificates now, for `sluice check`: mistakes that would keep Sluice from starting, dates, and
// keys that everybody may read.

import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { dateNotice, keyNotice } from '../process/watch/certificate-troubles.ts';
import { CertificateError } from '../tls/certificate-error.ts';
import { readAuthorities, readCertificates } from '../tls/read-certificates.ts';

type Path = ConfigWarning['path'];

/** Reads every certificate, key and authority once, as the user who runs this command. */
export function certificateProblems(
  { certificate, receive, listen, tls }: Config,
  nowMs: number,
): ConfigWarning[] {
  const identities = tls.flatMap(({ certificate: chain, key = chain }, index) =>
    chain === undefined || key === undefined
      ? []
      : [{ path: ['tls', index, 'certificate'], paths: { chain, key, names: undefined } }],
  );
  const certificates = certificate.map((paths, index) => ({ path: ['certificate', index], paths }));
  const authorities: readonly (readonly [Path, string | undefined])[] = [
    [['receive', 'relay_ca'], receive.relayCa],
    ...listen.map((each, index) => [['listen', index, 'relay_ca'], each.receive.relayCa] as const),
  ];
  return [
    ...[...certificates, ...identities].flatMap(({ path, paths }) =>
      problemsOf(path, () => {
        const [read] = readCertificates([paths]);
        if (read === undefined) return [];
        return [dateNotice(read.facts, nowMs), keyNotice(read)].filter((notice) => notice !== undefined);
      }),
    ),
    ...authorities.flatMap(([path, file]) =>
      problemsOf(path, () => {
        if (file !== undefined) readAuthorities([file]);
        return [];
      }),
    ),
  ];
}

interface Notice {
  readonly text: string;
  readonly advice: string;
}

function problemsOf(path: Path, read: () => readonly Notice[]): ConfigWarning[] {
  try {
    return read().map(({ text, advice }) => ({ path, message: `${text} ${advice}` }));
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return [{ path, message: `${error.message} ${error.advice}` }];
  }
}
