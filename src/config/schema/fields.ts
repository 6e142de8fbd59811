// The kinds of fields that the schema is made of: each a zod type that reads what stands in the TOML file
// and says in one sentence what it allows. Defaults are written as an administrator would write them.

import { z } from 'zod';

import { parseDuration } from '../../values/duration.ts';
import { parseSize } from '../../values/size.ts';
import { ValueError } from '../../values/value-error.ts';

/** Facts of a key beside its description: for the reference and the printed defaults. */
export interface KeyFacts {
  /** Said in place of a default that depends on the machine or on other keys. */
  readonly defaultText?: string;
  /** A value in TOML, shown for a key without a default. */
  readonly example?: string;
}

/** Facts of the keys, by their schema. */
export const keyFacts = z.registry<KeyFacts>();

/** What a text must look like ("a duration such as ..."), by the type of the value. */
export const textKinds = z.registry<{ readonly what: string }>();

/** Gives a key its meaning, written for a mail administrator. */
export function key<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  facts: KeyFacts = {},
): Schema {
  const described = schema.meta({ description });
  keyFacts.add(described, facts);
  return described;
}

/** How to say what a value is when it is of the wrong kind. */
function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return 'a table';
  return String(value);
}

/** A message for a value of the wrong kind. */
export function expected(what: string): (issue: { readonly input?: unknown }) => string {
  return (issue) => `must be ${what}, not ${nameOf(issue.input)}`;
}

/** A text that `parse` turns into a value; a ValueError becomes a problem with the place of the value. */
export function textOf<Value>(what: string, parse: (text: string) => Value) {
  const text = z.string({ error: expected(what) });
  textKinds.add(text, { what });
  return text.transform((text, context): Value => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

/** A duration, in milliseconds once read. */
export function duration(leastMs = 0) {
  return textOf('a duration such as "30s" or "5m"', (text) => {
    const ms = parseDuration(text);
    if (ms < leastMs) throw new ValueError(`"${text}" is too short: at least ${leastMs} ms`);
    return ms;
  });
}

/** A size, in bytes once read. */
export function size(leastBytes = 0, mostBytes = Infinity) {
  return textOf('a size such as "64KiB" or "25MB"', (text) => {
    const bytes = parseSize(text);
    if (bytes < leastBytes) throw new ValueError(`"${text}" is too small: at least ${leastBytes} bytes`);
    if (bytes > mostBytes) throw new ValueError(`"${text}" is too large: at most ${mostBytes} bytes`);
    return bytes;
  });
}

/** A whole number in a range. */
export function wholeNumber(least: number, most: number) {
  const error = expected(`a whole number from ${least} to ${most}`);
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** true or false. */
export function yesNo() {
  return z.boolean({ error: expected('true or false') });
}

/** One of a few words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: expected(words.map((word) => `"${word}"`).join(' or ')) });
}

/** A list. */
export function listOf<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item, { error: expected(`a list of ${what}`) });
}

/** A table that takes these keys and no others. */
export function tableOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? expected('a table')(issue) : undefined),
  });
}
