// What the processes of a simulated Sluice find around them.

import type { Config } from '../../src/config/config.ts';
import type { ConnectManager } from '../../src/channel/manager-link.ts';
import type { Logger } from '../../src/log/logger.ts';
import type { Books } from './books.ts';
import type { Grants } from './grants.ts';
import type { Ground } from './ground.ts';
import type { Internet } from './internet.ts';
import type { LimitBooks } from './limit-books.ts';
import type { Memory } from './memory.ts';
import type { NameServers } from './name-servers.ts';
import type { RateBooks } from './rate-books.ts';
import type { RefusalBooks } from './refusal-books.ts';
import type { RouteBooks } from './route-books.ts';
import type { Sabotage } from './sabotage.ts';
import type { SourceBooks } from './source-books.ts';
import type { OtherStores } from './other-stores.ts';
import type { SimProcess } from './sim-process.ts';

export interface Surroundings extends Ground {
  /** The folder of the spool. */
  readonly spool: string;
  /** The stores of mail beside the first one, in some worlds. */
  readonly others: OtherStores | undefined;
  /** What a process that starts now reads. */
  readonly config: Config;
  readonly sabotage: Sabotage | undefined;
  /** Files that a process may have open. */
  readonly openFiles: number;
  /** For how long nothing has been wrong, in ms. */
  readonly wellForMs: number;
  /** Faults are over. */
  readonly isCalm: boolean;
  /** What the system's clock shows. */
  readonly dateMs: () => number;
  /** The monotonic clock begins with each boot of the machine. */
  readonly boot: { readonly id: string; readonly sinceMs: number };
  readonly internet: Internet;
  readonly nameServers: NameServers;
  readonly books: Books;
  readonly limitBooks: LimitBooks;
  readonly rateBooks: RateBooks;
  readonly memory: Memory;
  readonly refusals: RefusalBooks;
  readonly routeBooks: RouteBooks;
  readonly sourceBooks: SourceBooks;
  readonly grants: Grants;
  /** Something went wrong that must not: the run ends. */
  failed(error: unknown): void;
  newProcess(name: string): SimProcess;
  /** The way of a process to the manager that runs. */
  managerFor(process: SimProcess): ConnectManager;
  /** A log whose lines are steps of the trace. */
  logOf(process: SimProcess): Logger;
}
