// The tables of one process, by name. It looks at their files every second, at one after the other.

import { nodeTimers, type Timer, type Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { LiveTable } from './live-table.ts';
import { TableReports } from './table-reports.ts';
import type { RulesAnswer, RuleTable } from './rules/rule-table.ts';
import type { Answer, NamedFile, Table, TableSettings } from './table.ts';

/** The time between two looks at the files. */
const checkEveryMs = 1_000;

export interface TablesParts {
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly troubles: Pick<Troubles, 'raise' | 'clear'>;
  readonly timers?: Timers;
  /** The date, Unix ms. */
  readonly date?: () => number;
  /** Is called when a new version of a table is in force, the first one as well. */
  readonly changed?: () => void;
}

/** Makes a table of its settings, without reading its file. */
export type OpenTable<Settings> = (settings: Settings, reports: TableReports) => LiveTable;

/** @typeParam Settings - of one table; they are compared as JSON to find out what a reload has changed */
export class Tables<Settings extends NamedFile = TableSettings> {
  readonly #parts: TablesParts;
  readonly #open: OpenTable<Settings>;
  readonly #timers: Timers;
  readonly #date: () => number;
  readonly #tables = new Map<string, NamedTable<Settings>>();
  #timer: Timer | undefined;
  /** The checks that are under way. */
  #round: Promise<void> = Promise.resolve();
  #isChecking = false;
  /** Tables were configured since the last round began. */
  #areNew = false;

  constructor(parts: TablesParts, open: OpenTable<Settings>) {
    this.#parts = parts;
    this.#open = open;
    this.#timers = parts.timers ?? nodeTimers;
    this.#date = parts.date ?? Date.now;
  }

  /** Opens the tables that are new or changed, and closes those that are gone. Their files are read in the background. */
  configure(settings: readonly Settings[]): void {
    const { log, troubles, changed } = this.#parts;
    const wanted = new Map(settings.map((each) => [each.name, each]));
    for (const [name, table] of this.#tables) {
      const next = wanted.get(name);
      if (next === undefined) {
        table.close();
        this.#tables.delete(name);
      }
    }
    for (const each of settings) {
      const before = this.#tables.get(each.name);
      if (before !== undefined && JSON.stringify(before.settings) === JSON.stringify(each)) continue;
      const reports = new TableReports(each.name, each.path, log, troubles, changed);
      const live = this.#open(each, reports);
      if (before === undefined) this.#tables.set(each.name, new NamedTable(each, live));
      else before.replace(each, live);
    }
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    if (this.#tables.size === 0) return;
    this.#timer = this.#timers.setInterval(() => this.#second(), checkEveryMs).unref();
    this.#areNew = true;
    this.#check();
  }

  /** The table of a name; it stays the same over `configure`, and fails when it is in the configuration no more. */
  get(name: string): (Table & RuleTable) | undefined {
    return this.#tables.get(name);
  }

  /** Resolves when the checks under way are over. */
  async settled(): Promise<void> {
    await this.#round;
  }

  /** Closes all tables. */
  async close(): Promise<void> {
    this.configure([]);
    await this.#round;
  }

  #second(): void {
    for (const table of this.#tables.values()) table.live.second();
    this.#check();
  }

  #check(): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    this.#round = this.#checkAll();
  }

  /** One after the other: files on a file system that hangs hold one of the few threads that write the spool, too. */
  async #checkAll(): Promise<void> {
    try {
      do {
        this.#areNew = false;
        for (const table of this.#tables.values()) await table.live.check(this.#date());
      } while (this.#areNew);
    } finally {
      this.#isChecking = false;
    }
  }
}

/** A table that outlives changes of its settings. */
class NamedTable<Settings extends NamedFile> implements Table, RuleTable {
  #settings: Settings;
  #live: LiveTable;

  constructor(settings: Settings, live: LiveTable) {
    this.#settings = settings;
    this.#live = live;
  }

  get name(): string {
    return this.#settings.name;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get live(): LiveTable {
    return this.#live;
  }

  lookup(keys: readonly string[]): readonly Answer[] | Promise<readonly Answer[]> {
    return this.#live.lookup(keys);
  }

  lookupFirst(keys: readonly string[]): Answer | Promise<Answer> {
    return this.#live.lookupFirst(keys);
  }

  lookupAtOnce(keys: readonly string[]): readonly Answer[] | undefined {
    return this.#live.lookupAtOnce(keys);
  }

  rules(): RulesAnswer | Promise<RulesAnswer> {
    return this.#live.rules();
  }

  replace(settings: Settings, live: LiveTable): void {
    this.#live.close();
    this.#settings = settings;
    this.#live = live;
  }

  close(): void {
    this.#live.close();
  }
}
