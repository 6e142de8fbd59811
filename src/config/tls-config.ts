// [[tls]] as the rest of Sluice sees it.

import { resolve } from 'node:path';
import type { z } from 'zod';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { tlsRules } from './schema/tls.ts';

type FileTls = DeepReadonly<CamelKeys<z.output<typeof tlsRules>>>[number];

/** One [[tls]]; the first that matches counts. */
export type TlsConfig = FileTls & {
  /** The certificates of its authorities in PEM; empty: those of the system. */
  readonly authorities: string;
};

/** @param folder - where a relative path starts */
export function toTlsConfig(rule: FileTls, folder: string, authorities: string): TlsConfig {
  return {
    ...rule,
    ...(rule.ca !== undefined && { ca: resolve(folder, rule.ca) }),
    ...(rule.certificate !== undefined && { certificate: resolve(folder, rule.certificate) }),
    ...(rule.key !== undefined && { key: resolve(folder, rule.key) }),
    authorities,
  };
}
