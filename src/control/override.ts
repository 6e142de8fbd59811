// An override: a suspension or a limit that an operator set while Sluice runs, with its reason, user and end. Plain data,
// which passes over the control socket and is kept in the spool.

import { z } from 'zod';
import type { LimitQuantities } from '../schedule/limits/types.ts';
import { type Rate, parseRate } from '../values/rate.ts';
import { hasUnprintable } from '../values/unprintable.ts';
import { ValueError } from '../values/value-error.ts';
import { parseTarget } from './override-target.ts';

/** A suspension is an override of its own: resuming it leaves limits that were set as they are. */
export type OverrideKind = 'suspend' | 'limit';

export interface Override {
  /** Never used twice in one spool. */
  readonly id: string;
  readonly kind: OverrideKind;
  /** As `formatTarget` writes it; a site by its key. */
  readonly target: string;
  /** The hosts of a site, for people; otherwise empty. */
  readonly label: string;
  /** A suspension has `connections` 0. */
  readonly quantities: LimitQuantities;
  readonly reason: string;
  readonly setAtMs: number;
  /** Unix ms; undefined: until it is taken back. */
  readonly untilMs?: number | undefined;
  /** The user of this host who set it; empty: not known. */
  readonly by: string;
}

const maxCount = 1_000_000;
const rate = z.strictObject({
  count: z.int().min(1),
  /** A day is the longest window that can be written. */
  perMs: z.int().min(1).max(86_400_000),
});

export const quantitiesSchema = z
  .strictObject({
    connections: z.int().min(0).max(maxCount).optional(),
    connectionRate: rate.optional(),
    messageRate: rate.optional(),
    recipientRate: rate.optional(),
    messagesPerConnection: z.int().min(1).max(maxCount).optional(),
    recipientsPerMessage: z.int().min(1).max(maxCount).optional(),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), 'must limit something');

/** A text of at most `most` characters. The message is for people; it follows the name of the value. */
export function textUpTo(most: number) {
  return z.string().max(most, {
    error: ({ input }) =>
      `is too long: it has ${typeof input === 'string' ? input.length : 0} characters, and may have ${most} at most`,
  });
}

/** A text without line ends, control characters and bidirectional controls: it is kept, and printed on terminals. */
function oneLine(most: number) {
  return textUpTo(most).refine((text) => !hasUnprintable(text), oneLineAsked);
}

const oneLineAsked = 'must be one line, without control characters';

/** Targets as an operator gives them. */
export const targetSchema = textUpTo(520)
  .refine(isTarget, 'is not a target')
  .refine((text) => !hasUnprintable(text), oneLineAsked);
export const reasonSchema = oneLine(500);
/** The longest name of a user that is kept. */
export const longestUser = 100;
export const userSchema = oneLine(longestUser);

function isTarget(text: string): boolean {
  try {
    parseTarget(text);
    return true;
  } catch {
    return false;
  }
}

/** A text of the file of overrides. Bidirectional controls were allowed once: a reason with one must not cost all overrides. */
function keptLine(most: number) {
  return textUpTo(most).refine((text) => !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text), oneLineAsked);
}

/** An override as it is kept. */
export const overrideSchema: z.ZodType<Override> = z.strictObject({
  id: z.string().max(20).regex(/^\d+$/),
  kind: z.enum(['suspend', 'limit']),
  target: keptLine(520).refine(isTarget, 'is not a target'),
  label: keptLine(10_000),
  quantities: quantitiesSchema,
  reason: keptLine(500),
  setAtMs: z.int(),
  untilMs: z.int().optional(),
  by: keptLine(longestUser),
});

const keyOfName = {
  connections: 'connections',
  connection_rate: 'connectionRate',
  message_rate: 'messageRate',
  recipient_rate: 'recipientRate',
  messages_per_connection: 'messagesPerConnection',
  recipients_per_message: 'recipientsPerMessage',
} as const;
type QuantityName = keyof typeof keyOfName;

/**
 * Reads `connections=5`, `message_rate=600/min` and so on; names as in `[[limit]]`.
 * @throws {ValueError} when one cannot be understood
 */
export function parseQuantities(texts: readonly string[]): LimitQuantities {
  const found = new Map<string, number | Rate>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    const name = text.slice(0, Math.max(equals, 0));
    if (!isQuantityName(name)) {
      throw new ValueError(
        `"${text}" is not a limit; write NAME=VALUE with one of ${Object.keys(keyOfName).join(', ')}`,
      );
    }
    if (found.has(keyOfName[name])) throw new ValueError(`"${text}": ${name} is given twice`);
    found.set(keyOfName[name], name.endsWith('_rate') ? rateIn(text, name) : countIn(text, name));
  }
  return Object.fromEntries(found);
}

function isQuantityName(name: string): name is QuantityName {
  return Object.hasOwn(keyOfName, name);
}

function rateIn(text: string, name: string): Rate {
  return parseRate(text.slice(name.length + 1));
}

function countIn(text: string, name: string): number {
  const value = text.slice(name.length + 1);
  const least = name === 'connections' ? 0 : 1;
  const count = Number(value);
  if (/^\d{1,7}$/.test(value) && count >= least && count <= maxCount) return count;
  throw new ValueError(`"${text}": ${name} must be a whole number from ${least} to ${maxCount}`);
}

const windowNames: readonly (readonly [perMs: number, name: string])[] = [
  [1000, 'sec'],
  [60_000, 'min'],
  [3_600_000, 'hour'],
  [86_400_000, 'day'],
];

/** `600/min`; a window without a name of its own is written in seconds. */
export function formatRate({ count, perMs }: Rate): string {
  const name = windowNames.find(([ms]) => ms === perMs)?.[1];
  return `${count}/${name ?? `${perMs / 1000}s`}`;
}

/** As `parseQuantities` reads them, in a fixed order. */
export function formatQuantities(quantities: LimitQuantities): string[] {
  return Object.entries(keyOfName).flatMap(([name, key]) => {
    const value = quantities[key];
    if (value === undefined) return [];
    return [`${name}=${typeof value === 'number' ? value : formatRate(value)}`];
  });
}
