// What a manager is given when it is assembled.

import type { Config } from '../config/config.ts';
import type { EventCounters } from '../log/event-counters.ts';
import type { Logger } from '../log/logger.ts';
import type { Signing } from '../signing/outgoing-mail.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { OpenPlugins } from './plugins/plugins-in-force.ts';
import type { Machine, OpenRouters, OtherSenders, RouteTables, Spool } from './ports.ts';

export interface ManagerParts {
  readonly config: Config;
  readonly machine: Machine;
  readonly spool: Spool;
  readonly openRouter: OpenRouters;
  readonly log: Logger;
  /** Counts what happens in the manager. */
  readonly counted: EventCounters;
  readonly troubles: Troubles;
  /** Rewrites senders; undefined where none is rewritten. The caller gives it the secrets. */
  readonly srs?: LiveSrs | undefined;
  /** Signs reports; undefined where nothing is signed. */
  readonly signing?: Signing | undefined;
  /** Opens the plugins that are asked about outgoing mail; undefined: there are none. */
  readonly openPlugins?: OpenPlugins | undefined;
  /** The tables of routes; undefined: there are none, whatever the configuration says. */
  readonly routeTables?: RouteTables | undefined;
  readonly others?: OtherSenders | undefined;
}
