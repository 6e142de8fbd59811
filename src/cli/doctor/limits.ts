// Limits that can never bind, or always do.

import { configWarnings } from '../../config/check/warnings.ts';
import type { Config } from '../../config/config.ts';
import type { Path } from '../../config/read/toml.ts';
import { placedText, placeWarnings } from '../../config/read/config-warning.ts';
import type { Check } from './check.ts';
import { type Finding, note, warning } from './finding.ts';

/** Tables that are about limits: their warnings are findings of this check. */
const limitTables: ReadonlySet<PropertyKey | undefined> = new Set(['limit', 'sending_limit']);

export function isAboutLimits([table]: Path): boolean {
  return limitTables.has(table);
}

export const limits: Check = {
  kind: 'limits',
  subject: 'the limits',
  look: ({ config }) => Promise.resolve([...configuredFindings(config), ...limitFindings(config)]),
};

function configuredFindings(config: Config): readonly Finding[] {
  const about = configWarnings(config).filter(({ path }) => isAboutLimits(path));
  return placeWarnings(about, config.file).map((each) =>
    warning(
      'limits-doubtful',
      `${placedText(each)}.`,
      'Correct the line, then: sluice check && sluice reload; "sluice limits" shows what is in force',
    ),
  );
}

/** The parts of the configuration that this looks at. */
interface LimitConfig {
  readonly receive: Pick<Config['receive'], 'maxConnections' | 'maxConnectionsPerClient'>;
  readonly deliver: Pick<Config['deliver'], 'maxConnections'>;
  readonly processes: Pick<Config['processes'], 'senders' | 'singleProcess'>;
  readonly limit: readonly Pick<Config['limit'][number], 'connections' | 'origin'>[];
}

export function limitFindings({ receive, deliver, processes, limit }: LimitConfig): readonly Finding[] {
  const found: Finding[] = [];
  const { maxConnections, maxConnectionsPerClient } = receive;
  if (maxConnectionsPerClient >= maxConnections)
    found.push(
      warning(
        'limits-client',
        `max_connections_per_client (${maxConnectionsPerClient}) can never be reached before max_connections (${maxConnections}) in [receive]: one client can shut out all others.`,
        `max_connections_per_client = ${Math.max(1, Math.floor(maxConnections / 10))} in [receive], then: sluice reload`,
      ),
    );
  for (const { connections, origin } of limit)
    if (connections === 0)
      found.push(
        note(
          'limits-closed',
          `The limit ${origin} allows no connection at all: its mail is held.`,
          '"sluice suspend" stops mail for a time, and says until when; take the limit away if that is not meant',
        ),
      );
  if (!processes.singleProcess && deliver.maxConnections < processes.senders)
    found.push(
      warning(
        'limits-senders',
        `deliver.max_connections is ${deliver.maxConnections}, less than the ${processes.senders} sender processes: some never have anything to do.`,
        `senders = ${Math.max(1, deliver.maxConnections)} in [processes], or more max_connections; then restart Sluice`,
      ),
    );
  return found;
}
