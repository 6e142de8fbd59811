// From [[stage]] of kind "opensmtpd-filter" to a stage, and to the program that it asks.

import type { Config } from '../config/config.ts';
import type { OpensmtpdFilterConfig } from '../config/stage-config.ts';
import { version } from '../config/version.ts';
import type { ClientNames } from '../policy/client-names.ts';
import type { FilterHost, FilterSettings } from '../policy/opensmtpd-filter/filter-host.ts';
import { OpensmtpdFilterStage } from '../policy/opensmtpd-filter/opensmtpd-filter-stage.ts';
import { inheritedVariables } from './programs.ts';
import { scannerStage, type ScannerSurroundings } from './scanner-stage.ts';

export interface FilterSurroundings extends ScannerSurroundings {
  readonly names: Pick<ClientNames, 'of'>;
  readonly log: { info(text: string): void };
  /** The program of a stage, by its name, which all listeners share, and which goes on over a reload. */
  readonly filterOf: (name: string) => FilterHost;
}

/** As OpenSMTPD marks what a filter calls junk. */
const usualField = { name: 'X-Spam', value: 'Yes' };

export function opensmtpdFilterStage(
  config: OpensmtpdFilterConfig,
  hostname: string,
  parts: FilterSurroundings,
): OpensmtpdFilterStage {
  const { onJunk, name } = config;
  const { action, route, field } = onJunk;
  const isUsual = action === 'continue' && route === undefined && field === undefined;
  return new OpensmtpdFilterStage({
    ...scannerStage(config, parts),
    host: parts.filterOf(name),
    surroundings: { version: config.protocol, hostname },
    contentMs: config.contentTimeout,
    names: config.clientNames ? parts.names : undefined,
    onJunk: { action, route, field: isUsual ? usualField : field },
    log: parts.log,
  });
}

/** The programs of a configuration. */
export function filterPrograms({ stage, hostname, receive }: Config): readonly FilterSettings[] {
  return stage.flatMap((each) => {
    if (each.kind !== 'opensmtpd-filter') return [];
    const { name, command, environment, protocol, timeLimit } = each;
    return [
      {
        name,
        command,
        environment: { ...inheritedVariables(), ...environment },
        surroundings: {
          version: protocol,
          hostname,
          program: `Sluice-${version}`,
          sessionTimeoutMs: receive.timeoutCommand,
        },
        setupMs: timeLimit,
      },
    ];
  });
}
