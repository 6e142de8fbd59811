// Interfaces to everything that the manager needs from outside. In production the system's clock, files, name servers and
// processes are behind them, in a simulation modelled ones. This room reads no clock, sets no timer and opens no file in
// another way.

import type { Config } from '../config/config.ts';
import type { ConnectGrant, Work } from '../deliver/types.ts';
import type { Resolver } from '../dns/types.ts';
import type { Timers } from '../io/timers.ts';
import type { Router } from '../route/types.ts';
import type { VerpSettings } from '../route/verp.ts';
import type { SystemFacts } from '../settings/capacity.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import type { QueueReader, SpoolStore, SpoolWriter, StoredRef } from '../spool/types.ts';
import type { QueuesEvents } from '../spool/store-opener.ts';
import type { PolicyKeeper } from '../sts/policy-keeper.ts';
import type { ReportedRecipient } from './reported-recipient.ts';
import type { OutageSource } from './name-servers.ts';
import type { Bind } from './source-watch.ts';
import type { Table } from '../table/table.ts';
import type { DomainWays } from './provisioning/domain-ways.ts';
import type { AskedTable, Ways } from './ways/ways.ts';

/** The machine that the manager runs on. */
export interface Machine {
  readonly timers: Timers;
  /** The system's clock, Unix ms. */
  readonly dateMs: () => number;
  /** Ms on a monotonic clock that all processes of one boot share. */
  readonly bootMs: () => number;
  /** Identifies this boot of the machine; undefined where the system does not say. */
  readonly bootId: string | undefined;
  /** Access to the files in the spool's folder. */
  readonly files: FileLayer;
  /** The current limits of the system. */
  readonly facts: () => SystemFacts;
  /** Whether an own address can be used. */
  readonly bind: Bind;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Opens the parts of the spool, in this order; the caller closes them. */
export interface Spool {
  /** Names of queues beside the default one, whose stores follow the first in this order. */
  readonly queues?: readonly string[];
  /** All stores of the instance as one. @throws {SpoolError} */
  openStore(events: QueuesEvents): Promise<SpoolStore>;
  openReader(): QueueReader;
  /** For reports, by the number of the store. @throws {SpoolError} */
  openWriters(): Promise<readonly SpoolWriter[]>;
}

/** A router of one configuration, with its resolver. */
export interface OpenRouter extends OutageSource {
  readonly router: Router;
  /** For questions that no route asks: where domains want reports. */
  readonly lookups: Pick<Resolver, 'addresses' | 'txt'>;
  /** Closes the resolver; look-ups under way fail. */
  close(): void;
}

/**
 * @param nowMs - scheduler time, by which plans expire
 * @param sts - knows the MTA-STS policies of domains, of the earlier router as well; a router that uses it tells it where to look
 */
export type OpenRouters = (config: Config, nowMs: () => number, sts: StsOfRouter) => OpenRouter;

/** What a router has to do with MTA-STS. */
export interface StsOfRouter {
  readonly keeper: PolicyKeeper;
  /** A host is left out because the domain's policy does not name it: for reports. */
  readonly leftOut: (domain: string, host: string) => void;
}

/** Gives the router in force; ask for it each time. */
export interface RouterInForce {
  readonly router: Router;
  /** Asks the tables of routes; undefined: there are none. */
  readonly ways?: Ways | undefined;
  /** What the records of domains say, which comes first; undefined: there are none. */
  readonly provisioned?: DomainWays | undefined;
  /** Senders of their own for recipients, where no route says otherwise. */
  readonly verp: VerpSettings;
}

/** The tables of routes, which follow their files. */
export interface RouteTables {
  /** Those of a configuration, in the order in which they are asked. */
  open(config: Config): readonly AskedTable[];
  /** That of [provisioning]; undefined: there is none. */
  provisioning?(config: Config): Pick<Table, 'name' | 'lookup' | 'lookupFirst'> | undefined;
  /** Sets who is told that a table has changed. */
  onChange(changed: () => void): void;
}

/** Carries grants to the sender processes. */
export interface SenderPort {
  connect(grant: ConnectGrant): void;
  transact(connection: number, work: Work): void;
  close(connection: number): void;
  /** The connection has closed: forgets which process carried it. */
  closed(connection: number): void;
}

/** Reports undeliverable mail to its senders. */
export interface BouncerPort {
  /** Resolves to false when the report is not stored: it has to be repeated after the next start. */
  report(
    queueId: string,
    ref: StoredRef,
    recipients: readonly ReportedRecipient[],
  ): Promise<boolean | 'later'>;
  /** From now on no report is tried a second time. */
  stop(): void;
}

/** The sender processes that live when a manager starts; see `SendersOptions`. */
export interface OtherSenders {
  readonly senders: readonly number[];
  readonly awaits: (serials: readonly number[]) => void;
}
