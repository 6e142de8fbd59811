// Opens what the manager keeps about TLS with other hosts: the MTA-STS policies of domains, and the counts for TLS reports.

import { join } from 'node:path';
import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { Machine } from './ports.ts';
import { StsState } from './sts-state.ts';
import { TlsSessions } from './tls-sessions.ts';

export interface TlsStateParts {
  /** The spool's folder. */
  readonly folder: string;
  readonly machine: Machine;
  readonly log: Logger;
  readonly troubles: Troubles;
  /** The date without steps of the clock that are in doubt. */
  readonly dateMs: () => number;
}

export async function openTlsState({ folder, machine, log, troubles, dateMs }: TlsStateParts): Promise<{
  readonly sts: StsState;
  readonly tlsSessions: TlsSessions;
}> {
  const { files, timers, random } = machine;
  const path = join(folder, 'tls-reports.json');
  const tlsSessions = await TlsSessions.open({ path, files, timers, log, dateMs });
  const sts = await StsState.open({
    path: join(folder, 'mta-sts.json'),
    files,
    timers,
    log,
    troubles,
    dateMs,
    random,
    failed: (domain, problem) => tlsSessions.policyFailed(domain, problem),
  });
  tlsSessions.use(sts.keeper);
  return { sts, tlsSessions };
}
