// What a check of `sluice doctor` is, and what it is given. A check gathers facts of the machine and judges them by a pure function
// beside it, so that a table of facts tests every finding. A fact that this system or this user cannot see is absent, and the check says so.

import type { Config } from '../../config/config.ts';
import type { Resolver } from '../../dns/types.ts';
import type { RunningProcess } from '../../process/running/life-sign.ts';
import type { DnsFacts } from './dns.ts';
import type { Finding } from './finding.ts';

/** Kinds of checks, for --only and as the first part of codes; in the order in which findings are shown. */
export const checkKinds = [
  'config',
  'instance',
  'rights',
  'files',
  'ports',
  'memory',
  'disk',
  'clock',
  'crash',
  'dns',
  'names',
  'domains',
  'certificates',
  'ways',
  'limits',
  'log',
  'runtime',
] as const;
export type CheckKind = (typeof checkKinds)[number];

/** What every check is given. */
export interface Patient {
  readonly config: Config;
  /** The processes of the running Sluice, as far as this user can see them. */
  readonly processes: Processes;
  /** Which kinds of things are looked at. */
  readonly kinds: ReadonlySet<CheckKind>;
  /** Nothing may be asked over the network. */
  readonly isOffline: boolean;
  readonly resolver: Resolver;
  /** What the name servers say of themselves: asked once, for all checks. */
  readonly dns: () => Promise<DnsFacts>;
}

/** Whether a name server answers. Without one, the check of the DNS says for all others that they did not look. */
export async function hasDns({ dns }: Patient): Promise<boolean> {
  const facts = await dns();
  return facts.kind === 'asked' && facts.servers.some(({ state }) => state.kind !== 'silent');
}

export type Processes =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'running'; readonly roles: readonly RunningProcess[] }
  /** It runs, and this user may not see its processes. */
  | { readonly kind: 'hidden'; readonly reason: string };

export interface Check {
  readonly kind: CheckKind;
  /** What could not be looked at when this check takes too long: an object of a sentence, such as "the disk of the spool". */
  readonly subject: string;
  /** It may throw: what it throws is reported as not seen. */
  readonly look: (patient: Patient) => Promise<readonly Finding[]>;
}
