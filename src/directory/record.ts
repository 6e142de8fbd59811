// The records of Sluice's own directory: one line of JSON for each user and domain, in a file as in a database. Other forms are turned
// into accounts elsewhere (`forms`).

import { z } from 'zod';
import { normalizeDomain } from '../address/domain.ts';
import { parseMailbox } from '../values/domain.ts';
import { parseSize } from '../values/size.ts';
import { accountKey } from './account-key.ts';
import { spanOf } from './autoreply-dates.ts';
import type { QuotaLimits } from '../values/shared-quotas.ts';
import type { Account } from './account.ts';
import type { User } from './types.ts';

/** Bounds, so that one record stays a short line. */
const [mostAliases, mostSenders, mostApplications, longestText] = [100, 100, 16, 1_000];
const [mostForwards, longestAnswer, longestSubject, mostDays] = [100, 4_000, 200, 60];

const text = z.string().min(1).max(longestText);
const address = text.refine(isEmail, { error: 'must be an address such as "joe@example.com"' });
const sender = text.refine((value) => isEmail(value) || (value.startsWith('@') && isDomain(value.slice(1))), {
  error: 'must be an address, or "@" and a domain',
});
const quota = z.union([z.int().min(0), z.string().transform(toBytes)]);

/** `name` is what people know the application by. */
const application = z.strictObject({
  name: text,
  password: z.string().max(longestText),
  scram: text.optional(),
});

const date = z.string().refine((value) => spanOf(value) !== undefined, {
  error: 'must be a date such as "2026-12-24", or with a time, "2026-12-24T18:00"',
});
const subject = z
  .string()
  .min(1)
  .max(longestSubject)
  .refine((value) => !/[\r\n]/u.test(value), {
    error: 'must be one line',
  });
/** A text alone will do. */
const autoreply = z.union([z.string().transform((value) => ({ text: value })), z.looseObject({})]).pipe(
  z.strictObject({
    text: z.string().min(1).max(longestAnswer),
    subject: subject.optional(),
    from: date.optional(),
    until: date.optional(),
    days: z.int().min(1).max(mostDays).optional(),
  }),
);

const userRecord = z.strictObject({
  user: address,
  password: z.string().max(longestText).optional(),
  scram: text.optional(),
  aliases: z.array(address).max(mostAliases).optional(),
  senders: z.array(sender).max(mostSenders).optional(),
  mailbox: text.optional(),
  quota: quota.optional(),
  quota_messages: z.int().min(0).optional(),
  disabled: z.boolean().optional(),
  forward: z.array(address).max(mostForwards).optional(),
  keep_copy: z.boolean().optional(),
  autoreply: autoreply.optional(),
  applications: z.array(application).max(mostApplications).optional(),
});

const domainRecord = z.strictObject({
  domain: text.refine(isDomain, { error: 'must be a domain such as "example.com"' }),
  quota: quota.optional(),
  quota_messages: z.int().min(0).optional(),
});

export type UserRecord = z.output<typeof userRecord>;
export type DomainRecord = z.output<typeof domainRecord>;

/** A record, or why a text is none: a clause without a final period. */
export type ReadRecord =
  | { readonly kind: 'user'; readonly record: UserRecord }
  | { readonly kind: 'domain'; readonly record: DomainRecord }
  | { readonly kind: 'mistake'; readonly reason: string };

/** Reads one record from JSON. */
export function readRecord(json: string): ReadRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { kind: 'mistake', reason: 'it is not JSON' };
  }
  if (typeof value === 'object' && value !== null && 'domain' in value) {
    const read = domainRecord.safeParse(value);
    return read.success ? { kind: 'domain', record: read.data } : mistake(read.error);
  }
  const read = userRecord.safeParse(value);
  return read.success ? { kind: 'user', record: read.data } : mistake(read.error);
}

/** The account of a record. */
export function accountOf(record: UserRecord): Account {
  const { user, password, scram, aliases = [], senders = [], applications = [], disabled = false } = record;
  const { forward = [] } = record;
  const own = password === undefined ? [] : [{ password, scram }];
  return {
    user: {
      address: accountKey(user),
      aliases: aliases.map(accountKey),
      senders: senders.map(accountKey),
      mailbox: record.mailbox,
      quotaBytes: record.quota,
      ...(record.quota_messages !== undefined && { quotaMessages: record.quota_messages }),
      ...(forward.length > 0 && { forward }),
      ...(record.keep_copy === true && { keepCopy: true }),
      ...(record.autoreply !== undefined && { autoreply: record.autoreply }),
    },
    credentials: [
      ...own,
      ...applications.map((each) => ({ application: each.name, password: each.password, scram: each.scram })),
    ],
    isDisabled: disabled,
  };
}

/** The quota of all mailboxes of a domain; undefined: its record says nothing of one. */
export function quotaOfDomain({
  quota: bytes,
  quota_messages: messages,
}: DomainRecord): QuotaLimits | undefined {
  if (bytes === undefined && messages === undefined) return undefined;
  return { ...(bytes !== undefined && { bytes }), ...(messages !== undefined && { messages }) };
}

/** A user as known together with the record of the domain. */
export function withDomainQuota(user: User, domain: DomainRecord | undefined): User {
  const domainQuota = domain === undefined ? undefined : quotaOfDomain(domain);
  return domainQuota === undefined ? user : { ...user, domainQuota };
}

/** The key under which a table has a domain. */
export function domainKey(domain: string): string {
  return accountKey(`@${domain}`);
}

/** RFC 5321 4.1.2. */
function isEmail(value: string): boolean {
  try {
    parseMailbox(value);
    return true;
  } catch {
    return false;
  }
}

function isDomain(value: string): boolean {
  return normalizeDomain(value) !== undefined;
}

function toBytes(value: string, context: z.RefinementCtx): number {
  try {
    return parseSize(value);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
}

function mistake({ issues: [issue] }: z.ZodError): ReadRecord {
  const place = issue?.path.join('.') ?? '';
  return {
    kind: 'mistake',
    reason: `${place === '' ? '' : `${place}: `}${issue?.message ?? 'it is no record'}`,
  };
}
