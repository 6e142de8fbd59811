// What the manager needs from outside, as small contracts: production has the system's clock, files, name servers and
// processes behind them, a simulation its own. Nothing in this room reads a clock, sets a timer or opens a file otherwise.

import type { Config } from '../config/config.ts';
import type { ConnectGrant, Work } from '../deliver/types.ts';
import type { Timers } from '../io/timers.ts';
import type { Router } from '../route/types.ts';
import type { SystemFacts } from '../settings/capacity.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import type {
  RecoveredMessage,
  SpoolProblem,
  SpoolReader,
  SpoolStore,
  SpoolWriter,
  StoredRef,
} from '../spool/types.ts';
import type { SpoolError } from '../spool/spool-error.ts';
import type { ReportedRecipient } from './reported-recipient.ts';
import type { OutageSource } from './name-servers.ts';
import type { Bind } from './source-watch.ts';

/** The machine that the manager runs on. */
export interface Machine {
  readonly timers: Timers;
  /** The system's clock, Unix ms. */
  readonly dateMs: () => number;
  /** Ms of a clock that nobody sets and that all processes of one boot share. */
  readonly bootMs: () => number;
  /** Tells this boot of the machine from others; undefined where the system does not say. */
  readonly bootId: string | undefined;
  /** Where the spool's folder is. */
  readonly files: FileLayer;
  /** What the system allows at this moment. */
  readonly facts: () => SystemFacts;
  /** Whether an own address can be used. */
  readonly bind: Bind;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What the store finds out by itself; see `SpoolStoreOptions`. */
export interface StoreEvents {
  readonly onProblem: (problem: SpoolProblem) => void;
  readonly onBlocked: (reason: SpoolError | undefined) => void;
  readonly onDamaged: (queueIds: readonly string[]) => void;
  readonly onStray: (message: RecoveredMessage) => void;
}

/** The spool, opened in this order; whoever opens it closes it. */
export interface Spool {
  /** @throws {SpoolError} */
  openStore(events: StoreEvents): Promise<SpoolStore>;
  openReader(): SpoolReader;
  /** For reports. @throws {SpoolError} */
  openWriter(): Promise<SpoolWriter>;
}

/** A router and what it asks, as one configuration wants them. */
export interface OpenRouter extends OutageSource {
  readonly router: Router;
  /** What it was asked breaks off. */
  close(): void;
}

/** @param nowMs - scheduler time: what plans are valid by */
export type OpenRouters = (config: Config, nowMs: () => number) => OpenRouter;

/** Whoever owns the routing table says which one is in force. */
export interface RouterInForce {
  readonly router: Router;
}

/** The sender processes, as grants go to them. */
export interface SenderPort {
  connect(grant: ConnectGrant): void;
  transact(connection: number, work: Work): void;
  close(connection: number): void;
  /** The connection is no more. */
  closed(connection: number): void;
}

/** Tells senders of mail that could not be delivered. */
export interface BouncerPort {
  /** False: nobody has heard of it, and it has to be tried again after the next start. */
  report(queueId: string, ref: StoredRef, recipients: readonly ReportedRecipient[]): Promise<boolean>;
  /** From now on nothing is tried a second time. */
  stop(): void;
}
