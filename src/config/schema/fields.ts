// The kinds of values that the schema is made of. Each is a zod type that reads a value of the TOML file, with a message
// that says in one sentence what is allowed. Defaults are written as an administrator would write them.

import { z } from 'zod';

import { formatDuration, parseDuration } from '../../values/duration.ts';
import { parseSize } from '../../values/size.ts';
import { ValueError } from '../../values/value-error.ts';

/** What the reference page and the printed defaults show of a key beside its description. */
export interface KeyFacts {
  /** Shown instead of a default when that depends on the machine or on other keys. */
  readonly defaultText?: string;
  /** A value in TOML. Shown for a key without a default. */
  readonly example?: string;
}

/** The facts of each key, by its schema. */
export const keyFacts = z.registry<KeyFacts>();

/** The form that a value must have ("a duration such as ..."), by its schema. */
export const expectedForms = z.registry<{ readonly form: string }>();

/** Adds to a key its description, written for a mail administrator, and its facts. */
export function key<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  facts: KeyFacts = {},
): Schema {
  // Each command reads the schema, so a copy is made only of what another key has, too.
  const own = z.globalRegistry.has(schema) ? schema.clone() : schema;
  z.globalRegistry.add(own, { description });
  keyFacts.add(own, facts);
  return own;
}

/** What was made for these words before, or is made now. Kinds of values that many keys have are one object. */
function shared<Schema>(made: Map<string, Schema>, words: string, make: () => Schema): Schema {
  const known = made.get(words) ?? make();
  made.set(words, known);
  return known;
}

/** Names a value of the wrong type in a message. */
function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return 'a table';
  return String(value);
}

/** Makes the message for a value of the wrong type. */
export function expected(form: string): (issue: { readonly input?: unknown }) => string {
  return (issue) => `must be ${form}, not ${describeValue(issue.input)}`;
}

/** A text that `parse` turns into a value. A ValueError of `parse` becomes a problem at the place of the text. */
export function textOf<Value>(form: string, parse: (text: string) => Value) {
  const text = z.string({ error: expected(form) });
  expectedForms.add(text, { form });
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

const durations = new Map<string, ReturnType<typeof durationWithin>>();

/** A duration, read into milliseconds. */
export function duration(leastMs = 0, mostMs = Infinity) {
  return shared(durations, `${leastMs} ${mostMs}`, () => durationWithin(leastMs, mostMs));
}

function durationWithin(leastMs: number, mostMs: number) {
  return textOf('a duration such as "30s" or "5m"', (text) => {
    const ms = parseDuration(text);
    if (ms < leastMs) throw new ValueError(`"${text}" is too short: at least ${leastMs} ms`);
    if (ms > mostMs) throw new ValueError(`"${text}" is too long: at most ${formatDuration(mostMs)}`);
    return ms;
  });
}

/** A size, read into bytes. */
export function size(leastBytes = 0, mostBytes = Infinity) {
  return textOf('a size such as "64KiB" or "25MB"', (text) => {
    const bytes = parseSize(text);
    if (bytes < leastBytes) throw new ValueError(`"${text}" is too small: at least ${leastBytes} bytes`);
    if (bytes > mostBytes) throw new ValueError(`"${text}" is too large: at most ${mostBytes} bytes`);
    return bytes;
  });
}

const wholeNumbers = new Map<string, z.ZodInt>();

/** A whole number in a range. */
export function wholeNumber(least: number, most: number) {
  return shared(wholeNumbers, `${least} ${most}`, () => {
    const error = expected(`a whole number from ${least} to ${most}`);
    return z.int({ error }).min(least, { error }).max(most, { error });
  });
}

const trueOrFalse = z.boolean({ error: expected('true or false') });

/** true or false. */
export function yesNo() {
  return trueOrFalse;
}

/** One of the given words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: expected(words.map((word) => `"${word}"`).join(' or ')) });
}

/** A list. @param items - what it holds, for the message: `domains such as ...` */
export function listOf<Item extends z.ZodType>(item: Item, items: string) {
  return z.array(item, { error: expected(`a list of ${items}`) });
}

/** A table that takes these keys and no others. */
export function tableOf<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? expected('a table')(issue) : undefined),
  });
}
