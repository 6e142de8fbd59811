// The tables of routes in the manager's process. Where there is none, nothing of this is loaded.

import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { RouteTables } from '../../manager/ports.ts';
import type { AskedTable } from '../../manager/ways/ways.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Tables } from '../../table/tables.ts';
import type { RouteSources } from './route-sources.ts';
import type { Answer, Table, TableSettings } from '../../table/table.ts';

/** Answers about domains. */
const mostKeptMs = 1_000;

export class LiveRouteTables implements RouteTables {
  readonly #log: Logger;
  readonly #troubles: Troubles;
  #tables: Tables | undefined;
  #sources: RouteSources | undefined;
  #changed: () => void = () => undefined;

  constructor(log: Logger, troubles: Troubles) {
    this.#log = log;
    this.#troubles = troubles;
  }

  /** Puts a configuration in force. @returns a promise when there is something to wait for before `open` is called */
  configure(config: Config): Promise<void> | undefined {
    const isUsed = this.#tables !== undefined || this.#sources !== undefined;
    if (config.routeTable.length === 0 && config.provisioning.table === undefined && !isUsed)
      return undefined;
    return this.#configure(config);
  }

  open({ routeTable }: Config): readonly AskedTable[] {
    return routeTable.map((each) => {
      const source = each.from === undefined ? this.#tables?.get(each.table) : this.#sources?.get(each);
      return { ...each, source: source ?? notOpen };
    });
  }

  provisioning({
    provisioning: { table },
  }: Config): Pick<Table, 'name' | 'lookup' | 'lookupFirst'> | undefined {
    return table === undefined ? undefined : (this.#tables?.get(table) ?? { ...notOpen, name: table });
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  async close(): Promise<void> {
    await Promise.all([this.#tables?.close(), this.#sources?.configure([])]);
  }

  async #configure({ routeTable, provisioning, table }: Config): Promise<void> {
    if (this.#sources !== undefined || routeTable.some(({ from }) => from !== undefined)) {
      this.#sources ??= await this.#loadSources();
      await this.#sources.configure(routeTable);
    }
    const names = new Set(routeTable.flatMap((each) => (each.from === undefined ? [each.table] : [])));
    if (provisioning.table !== undefined) names.add(provisioning.table);
    if (names.size === 0 && this.#tables === undefined) return;
    this.#tables ??= await this.#load();
    const wanted = table.filter(({ name }) => names.has(name));
    this.#tables.configure(
      wanted.map((each) => (each.name === provisioning.table ? keptBriefly(each) : each)),
    );
    // Each is asked once, which waits for its first version, and not for long: without it, each recipient of a full queue would have to be asked about.
    await Promise.all(Array.from(names, (name) => this.#tables?.get(name)?.lookup(['*'])));
  }

  async #loadSources(): Promise<RouteSources> {
    const { RouteSources } = await import('./route-sources.ts');
    return new RouteSources(this.#log, this.#troubles);
  }

  async #load(): Promise<Tables> {
    const [{ Tables }, { openTable }] = await Promise.all([
      import('../../table/tables.ts'),
      import('../../table/open-table.ts'),
    ]);
    const parts = { log: this.#log, troubles: this.#troubles, changed: () => this.#changed() };
    return new Tables(parts, (settings, reports) => openTable(withIndex(settings), reports));
  }
}

/** A configuration that comes into force has it not any more. */
const notOpen = {
  lookup: (keys: readonly string[]): readonly Answer[] =>
    keys.map(() => ({ kind: 'failing', reason: 'it is not in the configuration any more' })),
};

/** The manager looks up each recipient, and there is one of it: the memory is worth the reads that it saves. */
function withIndex(settings: TableSettings): TableSettings {
  return settings.kind === 'cdb' ? { ...settings, holdsIndex: true } : settings;
}

/** A change of a record is to reach mail that waits in a second or two. */
function keptBriefly(settings: TableSettings): TableSettings {
  if (settings.kind !== 'sqlite') return settings;
  return { ...settings, cacheMs: Math.min(settings.cacheMs, mostKeptMs), absentCacheMs: mostKeptMs };
}
