// A receiver that asks a scripted filter of OpenSMTPD.

import type { TestContext } from 'node:test';
import { nodeTimers } from '../../../src/io/timers.ts';
import { Places } from '../../../src/io/places.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { FilterHost } from '../../../src/policy/opensmtpd-filter/filter-host.ts';
import {
  type OpensmtpdFilterParts,
  OpensmtpdFilterStage,
} from '../../../src/policy/opensmtpd-filter/opensmtpd-filter-stage.ts';
import { Troubles } from '../../../src/stats/troubles.ts';
import type { FilterVersion } from '../../../src/values/filter-versions.ts';
import { type Fixture, start } from '../../receive/fixture.ts';
import { MilterClock } from '../milter/milter-fixture.ts';
import type { ScriptedFilter } from './scripted-filter.ts';

export interface FilterOptions extends Partial<OpensmtpdFilterParts> {
  readonly version?: FilterVersion;
  readonly clock?: MilterClock;
  readonly places?: Places;
}

export interface FilterFixture extends Fixture {
  readonly host: FilterHost;
  readonly filterLog: string[];
  readonly filterTroubles: Troubles;
}

/** A receiver whose filter has started. */
export async function receiverFiltered(
  t: TestContext,
  filter: Pick<ScriptedFilter, 'command'>,
  { version = '0.7', clock = new MilterClock(), places = new Places(100, 100), ...more }: FilterOptions = {},
  options: Parameters<typeof start>[1] = {},
): Promise<FilterFixture> {
  const surroundings = { version, hostname: 'mx.example.org' } as const;
  const filterLog: string[] = [];
  const filterTroubles = new Troubles();
  const destination = {
    write: (line: string) => void filterLog.push(line),
    flush: () => Promise.resolve(),
    reopen: () => undefined,
    close: () => Promise.resolve(),
  };
  const log = createLogger({ level: 'info', format: 'json', destination });
  const host = new FilterHost(
    {
      name: 'filter',
      command: filter.command,
      environment: {},
      surroundings: { ...surroundings, program: 'Sluice-0.1.0', sessionTimeoutMs: 300_000 },
      setupMs: 30_000,
    },
    { timers: nodeTimers, log, troubles: filterTroubles, nowMs: () => 1_576_146_008_006.099 },
  );
  t.after(() => host.close());
  const stage = new OpensmtpdFilterStage({
    name: 'filter',
    onFailure: 'tempfail',
    audience: undefined,
    breaker: undefined,
    host,
    surroundings,
    turn: { places, deadlines: clock.deadlines, limitMs: 30_000 },
    contentMs: 300_000,
    names: undefined,
    onJunk: { action: 'continue', route: undefined, field: { name: 'X-Spam', value: 'Yes' } },
    log,
    ...more,
  });
  const fixture = await start(t, { ...options, stages: [{ stage }, ...(options.stages ?? [])] });
  return { ...fixture, host, filterLog, filterTroubles };
}
