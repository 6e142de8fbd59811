// One [[rewrite]] as the rest of Sluice sees it: complete, and with the keys of its kind.

import type { z } from 'zod';

import { addressClasses, type AddressClass } from '../values/address-classes.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { rewrites } from './schema/rewrite.ts';

type FileRewrite = DeepReadonly<CamelKeys<z.output<typeof rewrites>>>[number];

export type RewriteConfig = Pick<FileRewrite, 'where' | 'listen' | 'tenant'> & {
  readonly of: readonly AddressClass[];
} & (
    | {
        readonly kind: 'canonical';
        /** The name of a [[table]]. */
        readonly table: string;
        readonly subaddress: string;
        readonly keepSubaddress: boolean;
        readonly localDomains: readonly string[];
      }
    | {
        readonly kind: 'masquerade';
        readonly domains: NonNullable<FileRewrite['domains']>;
        readonly exceptions: readonly string[];
      }
  );

/** The part of the configuration that they are. */
export interface WithRewrites {
  /** In the order in which they are applied. */
  readonly rewrite: readonly RewriteConfig[];
}

/** As masquerade_classes of Postfix: mail still reaches a single host. */
const ofMasquerade = addressClasses.filter((each) => each !== 'envelope-recipient');

/** @param hostname - of this host, in lower case */
export function toRewrites(all: readonly FileRewrite[], hostname: string): WithRewrites {
  return { rewrite: all.map((each) => toRewriteConfig(each, hostname)) };
}

function toRewriteConfig(given: FileRewrite, hostname: string): RewriteConfig {
  const { kind, where, listen, tenant, of } = given;
  const { table = '', subaddress = '', keepSubaddress = true, localDomains = [hostname] } = given;
  const { domains = [], exceptions = [] } = given;
  const common = { where, listen, tenant };
  return kind === 'canonical'
    ? { ...common, kind, of: of ?? addressClasses, table, subaddress, keepSubaddress, localDomains }
    : { ...common, kind, of: of ?? ofMasquerade, domains, exceptions };
}
