// One [[certificate]] as the rest of Sluice sees it: paths only. The files are read by the supervisor, and by nobody else.

import { resolve } from 'node:path';

import type { z } from 'zod';

import { formatDomainPattern } from '../values/domain.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { certificates } from './schema/certificate.ts';

type FileCertificate = DeepReadonly<z.output<typeof certificates>>[number];

/** The paths are absolute. */
export interface CertificateConfig {
  readonly chain: string;
  readonly key: string;
  /** In lower case; undefined: the names in the certificate. */
  readonly names: readonly string[] | undefined;
}

/** @param folder - where a relative path starts */
export function toCertificateConfig(
  { chain, key = chain, names }: FileCertificate,
  folder: string,
): CertificateConfig {
  return { chain: resolve(folder, chain), key: resolve(folder, key), names: names?.map(formatDomainPattern) };
}
