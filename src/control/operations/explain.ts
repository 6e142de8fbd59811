// The operation `explain`: the whole decision about mail for one address.

import { z } from 'zod';
import type { Explanation } from '../../schedule/limits/status.ts';
import type { LimitRule } from '../../schedule/limits/types.ts';
import type { Override } from '../override.ts';
import { shownOverrideSchema, type TenantCount, tenantCountSchema, text } from './common.ts';
import { type ExplainedTls, explainedTlsSchema } from './explained-tls.ts';
import { counterSchema, ruleSchema } from './limits.ts';
import { type ShownLogin, shownLoginSchema } from './shown-login.ts';
import { type ShownReversal, shownReversalSchema, type ShownSender, shownSenderSchema } from './srs.ts';
import { type ServedHost, servedHostSchema } from './served-host.ts';

export interface ExplainQuestion {
  /** A mail address or a domain. */
  readonly address: string;
  /** Envelope sender: routes may depend on it. Empty: the null sender. */
  readonly sender?: string | undefined;
  /** Name of a tenant. Not given: the tenant of the sender's mail; without a sender, the one with most mail there. */
  readonly tenant?: string | undefined;
  /** Who has logged in to hand the mail in; empty or not given: nobody. */
  readonly user?: string | undefined;
  /** Address of the client, and name of the listener: the queue of a message may depend on them. Not given: not known. */
  readonly client?: string | undefined;
  readonly listener?: string | undefined;
}

/** The queue that a message would be stored in. */
export interface StoredIn {
  readonly queue: string;
  /** The rule that says so, for people. */
  readonly by: string;
  /** What comes before that rule for some clients, or at some listeners. */
  readonly unless?: readonly { readonly queue: string; readonly by: string }[] | undefined;
}

/** Recipients in one queue. */
export interface QueueCount {
  readonly queue: string;
  readonly recipients: number;
}

/** The whole decision about mail for one address. */
export interface ExplainAnswer {
  readonly address: string;
  readonly sender: string;
  readonly route: {
    /** Name of the `[[route]]`, or `route 2`; empty: none names the address. */
    readonly name: string;
    /** What it does, in words; empty where that cannot be told. */
    readonly target: string;
    /** The table of routes cannot tell the way now. */
    readonly isUnknown?: true | undefined;
    /** Name of the table of routes that decided; none: the [[route]] tables did. */
    readonly table?: string | undefined;
    /** Stages whose plugins are asked for each recipient before that, in this order: they may choose another way. */
    readonly plugins: readonly string[];
  };
  /** Of an SRS address of this server: where mail to it goes. The rest is about that address. */
  readonly leadsTo?: ShownReversal | undefined;
  /** The sender that this recipient has of its own (VERP); undefined where it has none. */
  readonly verp?: string | undefined;
  /** What becomes of the sender; undefined on a route that rewrites none. */
  readonly sentAs?: ShownSender | undefined;
  /** Why the mail cannot be routed; undefined when it can. */
  readonly refusal?: { readonly permanent: boolean; readonly reply: string } | undefined;
  /** Unix ms until which the look-up is used again. */
  readonly validUntilMs: number;
  readonly explanation: Explanation;
  /** What makes no progress there, and nothing explains: whole sentences. Left out where there is nothing. */
  readonly alarms?: readonly string[] | undefined;
  /** TLS with its hosts; undefined when the mail cannot be routed. */
  readonly tls?: ExplainedTls | undefined;
  /** Log-ins at its hosts; those that have none and want none are left out. */
  readonly logins: readonly ShownLogin[];
  /** How messages are sent to its hosts, as far as it is known. */
  readonly served: readonly ServedHost[];
  /** Not given where there is one queue alone. */
  readonly storedIn?: StoredIn | undefined;
  /** Its recipients by queue, those of all tenants; not given where there is one queue alone. */
  readonly byQueue?: readonly QueueCount[] | undefined;
  /** Its recipients by tenant; empty when there are no tenants. */
  readonly tenants: readonly TenantCount[];
  /** What a connection to the address that is tried first may carry; undefined without an address. */
  readonly carries?:
    | { readonly messagesPerConnection: Carried; readonly recipientsPerMessage: Carried }
    | undefined;
  /** The limits that the explanation names. */
  readonly rules: readonly LimitRule[];
  /** Operators' overrides among these limits, and those of the target `all`. */
  readonly overrides: readonly Override[];
}

export interface Carried {
  readonly allowed: number;
  /** Where this was set. */
  readonly origin: string;
}

const question: z.ZodType<ExplainQuestion> = z.strictObject({
  address: text.min(1, 'is empty: name a mail address or a domain'),
  sender: text.optional(),
  tenant: text.optional(),
  user: text.optional(),
  client: text.optional(),
  listener: text.optional(),
});

const window = z.object({
  source: z.string(),
  site: z.string(),
  allowed: z.number(),
  used: z.number(),
  state: z.enum(['unknown', 'start', 'growing', 'slowed', 'paused']),
  untilMs: z.number().optional(),
  reason: z.string(),
});

const place = z.object({
  host: z.string(),
  transport: z.string(),
  endpoint: z.string(),
  ip: z.string(),
  port: z.number(),
  preference: z.number(),
  source: z.string(),
  connections: z.number(),
  health: z.enum(['well', 'resting', 'on trial']),
  restsUntilMs: z.number().optional(),
  error: z.string(),
  window,
  limits: z.array(counterSchema),
});

const explanation: z.ZodType<Explanation> = z.object({
  route: z.string(),
  domain: z.string(),
  tenant: z.string(),
  recipients: z.object({ waiting: z.number(), ready: z.number(), active: z.number() }),
  site: z.string(),
  label: z.string(),
  limits: z.array(counterSchema),
  places: z.array(place),
  schedule: z
    .array(z.object({ key: z.string(), value: z.string(), name: z.string(), origin: z.string() }))
    .optional(),
  binding: z.array(z.string()),
  nextAttemptAtMs: z.number().optional(),
});

const carried = z.object({ allowed: z.number(), origin: z.string() });

const answer: z.ZodType<ExplainAnswer> = z.object({
  address: z.string(),
  sender: z.string(),
  route: z.object({
    name: z.string(),
    target: z.string(),
    isUnknown: z.literal(true).optional(),
    table: z.string().optional(),
    plugins: z.array(z.string()),
  }),
  leadsTo: shownReversalSchema.optional(),
  verp: z.string().optional(),
  sentAs: shownSenderSchema.optional(),
  refusal: z.object({ permanent: z.boolean(), reply: z.string() }).optional(),
  validUntilMs: z.number(),
  explanation,
  alarms: z.array(z.string()).optional(),
  tls: explainedTlsSchema.optional(),
  logins: z.array(shownLoginSchema),
  served: z.array(servedHostSchema),
  storedIn: z
    .object({
      queue: z.string(),
      by: z.string(),
      unless: z.array(z.object({ queue: z.string(), by: z.string() })).optional(),
    })
    .optional(),
  byQueue: z.array(z.object({ queue: z.string(), recipients: z.number() })).optional(),
  tenants: z.array(tenantCountSchema),
  carries: z.object({ messagesPerConnection: carried, recipientsPerMessage: carried }).optional(),
  rules: z.array(ruleSchema),
  overrides: z.array(shownOverrideSchema),
});

export const explain = { role: 'read' as const, question, answer };
