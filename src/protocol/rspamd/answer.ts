// The answer of rspamd to POST /checkv2: JSON, read as whoever speaks its protocol as a milter reads it. Promises: whatever is no answer is an
// error, and all that is taken from one is bounded.

/** A field that rspamd wants added. */
export interface RspamdField {
  readonly name: string;
  readonly value: string;
  /** Where: as a milter counts, or from the end when it is negative; undefined: at the end. */
  readonly order: number | undefined;
}

export interface RspamdAnswer {
  /** `no action`, `greylist`, `add header`, `rewrite subject`, `soft reject`, `reject`, `discard`, `quarantine`, or one of its configuration. */
  readonly action: string;
  readonly score: number | undefined;
  readonly required: number | undefined;
  /** Names of the rules that have matched. */
  readonly symbols: readonly string[];
  /** The new Subject, of `rewrite subject`. */
  readonly subject: string | undefined;
  /** What the client is to be told. */
  readonly smtpMessage: string | undefined;
  /** DKIM-Signature fields. */
  readonly signatures: readonly string[];
  /** By name: 0 for all; from 1 the first from the top; -1 the last. */
  readonly removed: readonly { readonly name: string; readonly number: number }[];
  readonly added: readonly RspamdField[];
  readonly sender: string | undefined;
  readonly addedRecipients: readonly string[];
  readonly removedRecipients: readonly string[];
  /** What marks spam, in place of X-Spam: Yes. */
  readonly spamFields: readonly { readonly name: string; readonly value: string }[];
  /** `discard`, `quarantine`: in place of a refusal. */
  readonly rejectAs: string | undefined;
  /** Nothing follows from the action. */
  readonly isNoAction: boolean;
}

/** Those of rspamd itself; its configuration may have others. */
const actions: ReadonlySet<string> = new Set([
  'no action',
  'greylist',
  'add header',
  'rewrite subject',
  'soft reject',
  'reject',
  'discard',
  'quarantine',
]);

/** More of anything is a mistake. */
const mostItems = 1000;

type Json = Readonly<Record<string, unknown>>;

/**
 * @param text - of the body
 * @throws {Error} with a clause about what it is not
 */
export function parseRspamdAnswer(text: string): RspamdAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error('its answer is no JSON');
  }
  const all = tableOf(json);
  if (all === undefined) throw new Error('its answer is no table');
  const { action, error, score, required_score: required, symbols, subject, messages, milter } = all;
  if (typeof error === 'string') throw new Error(`it said: ${shortText(error)}`);
  if (typeof action !== 'string' || action === '' || action.length > 100)
    throw new Error('its answer has no action');
  const own = tableOf(milter) ?? {};
  return {
    action: actionOf(action),
    score: finite(score),
    required: finite(required),
    symbols: namesOf(symbols),
    subject: wordOf(subject, 'subject'),
    smtpMessage: textOf(tableOf(messages)?.['smtp_message']),
    signatures: textsOf(all, 'dkim-signature'),
    removed: removedOf(own['remove_headers']),
    added: addedOf(own['add_headers']),
    sender: wordOf(own['change_from'], 'change_from'),
    addedRecipients: textsOf(own, 'add_rcpt'),
    removedRecipients: textsOf(own, 'del_rcpt'),
    spamFields: spamFieldsOf(own['spam_header']),
    rejectAs: textOf(own['reject']),
    isNoAction: own['no_action'] === true,
  };
}

function tableOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What is carried out is text, or the whole answer is none: a part of it would be lost without a word. */
function wordOf(value: unknown, key: string): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new Error(`its answer has something that is no text in ${shortText(key)}`);
}

/** In whichever way it is written, as names of actions in its configuration may be. */
function actionOf(given: string): string {
  const usual = given.trim().toLowerCase().replaceAll(/[_-]/gu, ' ');
  return actions.has(usual) ? usual : given;
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** One text, or several. */
function textsOf(from: Json, key: string): readonly string[] {
  return listOf(from[key]).flatMap((each) => wordOf(each, key) ?? []);
}

/** One thing, or several. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return bounded(all);
}

function entriesOf(value: unknown, key: string): readonly (readonly [string, unknown])[] {
  if (value === undefined || value === null) return [];
  const table = tableOf(value);
  if (table !== undefined) return bounded(Object.entries(table));
  // A table of Lua without keys becomes an empty list.
  if (Array.isArray(value) && value.length === 0) return [];
  throw new Error(`its answer has something that is no table in ${key}`);
}

function bounded<Item>(all: readonly Item[]): readonly Item[] {
  if (all.length > mostItems) throw new Error(`its answer has more than ${mostItems} of something`);
  return all;
}

/** With the name of the rule as key; a list of names in old versions. */
function namesOf(symbols: unknown): readonly string[] {
  const names = Array.isArray(symbols)
    ? (symbols as readonly unknown[]).filter((each) => typeof each === 'string')
    : Object.keys(tableOf(symbols) ?? {});
  return bounded(names);
}

function removedOf(value: unknown): RspamdAnswer['removed'] {
  return entriesOf(value, 'remove_headers').flatMap(([name, numbers]) =>
    listOf(numbers).map((number) => {
      if (typeof number === 'number' && Number.isSafeInteger(number)) return { name, number };
      throw new Error(`its answer has something that is no number in remove_headers of ${shortText(name)}`);
    }),
  );
}

function addedOf(value: unknown): readonly RspamdField[] {
  const fields = entriesOf(value, 'add_headers').flatMap(([name, values]) =>
    listOf(values).map((each) => fieldOf(name, each)),
  );
  return bounded(fields);
}

function fieldOf(name: string, given: unknown): RspamdField {
  if (typeof given === 'string') return { name, value: given, order: undefined };
  const { value, order, index } = tableOf(given) ?? {};
  if (typeof value !== 'string')
    throw new Error(`its answer has something that is no text in add_headers of ${shortText(name)}`);
  const at = order ?? index;
  return { name, value, order: typeof at === 'number' && Number.isSafeInteger(at) ? at : undefined };
}

function spamFieldsOf(given: unknown): RspamdAnswer['spamFields'] {
  if (typeof given === 'string') return [{ name: 'X-Spam', value: given }];
  return entriesOf(given, 'spam_header').map(([name, text]) => ({
    name,
    value: wordOf(text, 'spam_header') ?? '',
  }));
}

function shortText(text: string): string {
  return text.slice(0, 200).replaceAll(/[^\x20-\x7e]/gu, '?');
}
