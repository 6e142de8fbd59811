// Programs and databases that say where mail goes, in the manager's process. Promises: a configuration that changes nothing of one leaves it as it is, with
// its connections and the answers that it keeps; what cannot answer is a trouble until it answers again.

import { ownProgramFault } from '../../config/check/program-fault.ts';
import type { RouteTableConfig } from '../../config/route-table-config.ts';
import { Places } from '../../io/places.ts';
import type { Logger } from '../../log/logger.ts';
import { keyOfAll } from '../../route/tables/form.ts';
import { inheritedVariables } from '../../settings/programs.ts';
import { routeDatabase } from '../../settings/route-database.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { ProgramTable } from '../../table/program-table.ts';
import type { Answer, Table } from '../../table/table.ts';
import { TableReports } from '../../table/table-reports.ts';

type Source = Required<Pick<Table, 'lookup' | 'lookupAtOnce'>> & { close(): Promise<void> };
type From = NonNullable<RouteTableConfig['from']>;

/** Of the environment; USER has a meaning of its own. */
const variableOf = { recipient: 'RECIPIENT', sender: 'SENDER', tenant: 'TENANT', user: 'LOGIN' } as const;

/** Look-ups that wait for a program to run. The manager asks about fewer at a time. */
const mostWaiting = 1_000;

export class RouteSources {
  readonly #log: Logger;
  readonly #troubles: Troubles;
  /** By their settings. */
  readonly #sources = new Map<string, Source>();

  constructor(log: Logger, troubles: Troubles) {
    this.#log = log;
    this.#troubles = troubles;
  }

  get(settings: RouteTableConfig): Source | undefined {
    return this.#sources.get(nameOf(settings));
  }

  /** Opens what is new, and closes what is gone. */
  async configure(all: readonly RouteTableConfig[]): Promise<void> {
    const wanted = new Map(all.flatMap((each) => (each.from === undefined ? [] : [[nameOf(each), each]])));
    for (const [name, source] of this.#sources) {
      if (wanted.has(name)) continue;
      this.#sources.delete(name);
      void source.close();
    }
    for (const [name, each] of wanted) {
      if (this.#sources.has(name) || each.from === undefined) continue;
      this.#sources.set(name, await this.#open(each, each.from));
    }
  }

  async #open({ table, by }: RouteTableConfig, from: From): Promise<Source> {
    const place = from.kind === 'program' ? (from.command[0] ?? '') : from.connection;
    const reports = new TableReports(table, place, this.#log, this.#troubles);
    if (from.kind === 'program') {
      const [program = ''] = from.command;
      // The same for a program: running it would need somebody to ask it about.
      const fault = ownProgramFault(program);
      if (fault?.isFatal === true) reports.cannotAnswer(fault.reason);
      return this.#program(table, by, from, reports);
    }
    // Loaded only where it is used.
    const { PostgresqlTable } = await import('../../table/postgresql-table.ts');
    const source = new PostgresqlTable(routeDatabase(table, from), reports);
    // Asked once, so that people hear at the start when it cannot answer, and not with the first mail. It never rejects.
    void source.lookup([keyOfAll]);
    return source;
  }

  #program(
    name: string,
    by: RouteTableConfig['by'],
    { command, timeoutMs, cacheMs, programs }: Extract<From, { readonly kind: 'program' }>,
    reports: TableReports,
  ): Source {
    const table = new ProgramTable({
      command,
      environment: inheritedVariables(),
      timeLimitMs: timeoutMs,
      keepMs: cacheMs,
      places: new Places(programs, mostWaiting),
      nowMs: () => performance.now(),
      complain: (line) => this.#log.info(`the program "${name}" of a route table: ${line}`),
      hasValues: true,
      variable: variableOf[by],
    });
    return {
      lookup: (keys) => table.lookup(keys).then((answers) => told(reports, answers)),
      lookupAtOnce: (keys) => table.lookupAtOnce(keys),
      close: () => Promise.resolve(reports.close()),
    };
  }
}

function told(reports: TableReports, answers: readonly Answer[]): readonly Answer[] {
  const failing = answers.find(({ kind }) => kind === 'failing');
  if (failing?.kind === 'failing') reports.cannotAnswer(failing.reason);
  else reports.clear();
  return answers;
}

function nameOf({ table, by, from }: RouteTableConfig): string {
  return JSON.stringify([table, by, from]);
}
