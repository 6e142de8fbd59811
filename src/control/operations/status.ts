// The operation `status`: what a running Sluice does, and what is wrong with it right now.

import { z } from 'zod';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import type { TroubleKey } from '../../stats/trouble-kinds.ts';
import type { Override } from '../override.ts';
import { type QueueStatus, queueStatusSchema } from './queue-status.ts';
import { count, shownOverrideSchema, type TenantCount, tenantCountSchema } from './common.ts';

export const siteOrders = ['connections', 'waiting', 'name'] as const;
/** Which sites come first: those with most connections, with most recipients that are ready and wait, or by name. */
export type SiteOrder = (typeof siteOrders)[number];

export interface StatusQuestion {
  /** At most this many sites, the first ones in `order`; all when not given. */
  readonly sites?: number | undefined;
  readonly order?: SiteOrder | undefined;
  /** Also count the recipients of each tenant, which scans the whole queue. */
  readonly tenants?: boolean | undefined;
}

/** What a running Sluice does, and what is wrong with it right now. */
export type StatusAnswer = Status | StatusOfQueue | StatusWithoutManager;

export interface Status extends ManagerStatus {
  readonly kind: 'complete';
  readonly troubles: readonly ReportedTrouble[];
  /** What is served under TLS; not given: not known yet. */
  readonly certificates?: CertificatesInShort | undefined;
}

/** What operators of one queue are told. */
export interface StatusOfQueue {
  readonly kind: 'of-queue';
  readonly version: string;
  readonly nowMs: number;
  /** Their queue; empty where the manager does not know it. */
  readonly byQueue: readonly QueueStatus[];
  /** Of that queue. */
  readonly troubles: readonly ReportedTrouble[];
}

export interface CertificatesInShort {
  readonly count: number;
  /** There is no `[[certificate]]`. */
  readonly isSelfSigned: boolean;
  /** When the first of them ends, Unix ms. */
  readonly firstEndMs: number;
}

/** The manager does not answer: it is stopped, stalled, or cannot start. The troubles are known without it. */
export interface StatusWithoutManager {
  readonly kind: 'without-manager';
  readonly version: string;
  readonly nowMs: number;
  readonly troubles: readonly ReportedTrouble[];
}

/** The manager's numbers. */
export interface ManagerStatus {
  readonly version: string;
  readonly startedAtMs: number;
  /** Unix ms of this answer. */
  readonly nowMs: number;
  readonly messages: number;
  readonly recipients: number;
  readonly connections: number;
  readonly senders: number;
  /** Messages whose failures are not reported yet. */
  readonly reports: number;
  /** Since the manager started: recipients delivered, deferred, bounced, dropped and removed; messages received. */
  readonly counters: Readonly<Record<string, number>>;
  /** Events that the processes of other roles counted, each since its start; of an earlier version: not given. */
  readonly roles?:
    | (Readonly<Record<'receiver' | 'sender', Readonly<Record<string, number>>>> & {
        /** Not given while nobody has used POP3. */
        readonly pop3?: Readonly<Record<string, number>> | undefined;
      })
    | undefined;
  /** What each [[stage]] has answered, in the order of names; not given when none was asked. */
  readonly stages?: readonly StageCounts[] | undefined;
  readonly spool: {
    readonly segments: number;
    readonly bytes: number;
    readonly liveMessages: number;
    readonly damagedMessages: number;
  };
  readonly sites: readonly SiteRow[];
  /** Number of all sites with work or connections. */
  readonly siteCount: number;
  /** Suspensions and limits that operators have set. */
  readonly overrides: readonly Override[];
  /** Of an earlier version: not given. */
  readonly quarantine?: ShownQuarantine | undefined;
  /** What tenants with a queue quota have in the queue; not given when none has one. */
  readonly queues?: readonly ShownQueue[] | undefined;
  /** Queues with a quota of their own; not given when none has one. */
  readonly queueRooms?: readonly ShownQueueRoom[] | undefined;
  /** Where the system allows less than the configuration asks for; not given when it allows everything. */
  readonly shortages?: readonly string[] | undefined;
  /** Roles that have had no process for some seconds; not given when every role has one. */
  readonly missing?: readonly ('sender' | 'receiver')[] | undefined;
  /** Given if it was asked for; '' is mail of no tenant. */
  readonly tenants?: readonly TenantCount[] | undefined;
  /** The default queue first; not given where it is the only one. */
  readonly byQueue?: readonly QueueStatus[] | undefined;
}

/** By the kind of a verdict (`continue`, `reject` and so on), `failed`, or a word of the stage itself. */
export interface StageCounts {
  readonly stage: string;
  readonly answered: Readonly<Record<string, number>>;
  /** While it was only tested: what would have become of mail. */
  readonly tested: Readonly<Record<string, number>>;
}

/** What is in quarantine, and how much may be: undefined for no limit. */
export interface ShownHeld {
  readonly messages: number;
  readonly bytes: number;
  readonly maxMessages?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** The mail of a tenant in the queue, and its quota. */
export interface ShownQueue extends ShownHeld {
  readonly tenant: string;
}

/** The mail in a queue that has a quota of its own. */
export interface ShownQueueRoom extends ShownHeld {
  readonly queue: string;
}

export interface ShownQuarantine extends ShownHeld {
  /** Those with mail in quarantine, or limits of their own; the empty name is mail of no tenant. */
  readonly tenants: readonly ShownQueue[];
}

/** A site with work or connections. */
export interface SiteRow {
  readonly site: string;
  readonly label: string;
  readonly waiting: number;
  readonly ready: number;
  readonly active: number;
  readonly connections: number;
  readonly blockedOn: string;
}

const question: z.ZodType<StatusQuestion> = z.strictObject({
  sites: count.optional(),
  order: z.enum(siteOrders).optional(),
  tenants: z.boolean().optional(),
});

const site = z.object({
  site: z.string(),
  label: z.string(),
  waiting: z.number(),
  ready: z.number(),
  active: z.number(),
  connections: z.number(),
  blockedOn: z.string(),
});

const roleCounters = z.record(z.string(), z.number());

const held = {
  messages: z.number(),
  bytes: z.number(),
  maxMessages: z.number().optional(),
  maxBytes: z.number().optional(),
};
const shownQuarantine = z.object({
  ...held,
  tenants: z.array(z.object({ tenant: z.string(), ...held })),
});

const managerStatus = z.object({
  version: z.string(),
  startedAtMs: z.number(),
  nowMs: z.number(),
  messages: z.number(),
  recipients: z.number(),
  connections: z.number(),
  senders: z.number(),
  reports: z.number(),
  counters: z.record(z.string(), z.number()),
  roles: z.object({ receiver: roleCounters, sender: roleCounters, pop3: roleCounters.optional() }).optional(),
  stages: z.array(z.object({ stage: z.string(), answered: roleCounters, tested: roleCounters })).optional(),
  spool: z.object({
    segments: z.number(),
    bytes: z.number(),
    liveMessages: z.number(),
    damagedMessages: z.number(),
  }),
  sites: z.array(site),
  siteCount: z.number(),
  overrides: z.array(shownOverrideSchema),
  quarantine: shownQuarantine.optional(),
  queues: z.array(z.object({ tenant: z.string(), ...held })).optional(),
  queueRooms: z.array(z.object({ queue: z.string(), ...held })).optional(),
  shortages: z.array(z.string()).optional(),
  missing: z.array(z.enum(['sender', 'receiver'])).optional(),
  byQueue: z.array(queueStatusSchema).optional(),
  tenants: z.array(tenantCountSchema).optional(),
});

const troubles = z.array(
  z.object({
    // Another version may have others.
    key: z.custom<TroubleKey>((value) => typeof value === 'string'),
    level: z.enum(['warning', 'critical']),
    text: z.string(),
    advice: z.string(),
    sinceMs: z.number(),
    processes: z.array(z.string()),
  }),
);

const certificates: z.ZodType<CertificatesInShort> = z.object({
  count: z.number(),
  isSelfSigned: z.boolean(),
  firstEndMs: z.number(),
});

const statusAnswer: z.ZodType<StatusAnswer> = z.discriminatedUnion('kind', [
  managerStatus.extend({ kind: z.literal('complete'), troubles, certificates: certificates.optional() }),
  z.object({
    kind: z.literal('of-queue'),
    version: z.string(),
    nowMs: z.number(),
    byQueue: z.array(queueStatusSchema),
    troubles,
  }),
  z.object({ kind: z.literal('without-manager'), version: z.string(), nowMs: z.number(), troubles }),
]);

const numbersAnswer: z.ZodType<ManagerStatus> = managerStatus;

/** As commands ask the running Sluice. */
export const status = { role: 'read' as const, question, answer: statusAnswer };
/** As the control process asks the manager. */
export const numbers = { question, answer: numbersAnswer };
