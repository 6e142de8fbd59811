// The record of a domain in a table of provisioning: words such as `queue=news state=dormant`. Promises: what is written is read back as it was meant; a
// word that is not known is a fault of the whole record, since nobody can say what it was to do.

import { parseRelayHost } from '../../values/endpoint.ts';
import { parseMailbox } from '../../values/domain.ts';
import { normalizeDomain } from '../../address/domain.ts';
import { closest } from '../../values/closest.ts';
import { parseSize } from '../../values/size.ts';
import type { RoomLimit } from '../room/types.ts';
import { ValueError } from '../../values/value-error.ts';

export const domainStates = ['active', 'dormant', 'hold', 'discard', 'redirect', 'backup'] as const;
/** docs/provisioning.md says what each means. */
export type DomainState = (typeof domainStates)[number];

/** A host, as a [[route]] names one. */
type BackupHost = ReturnType<typeof parseRelayHost>;

export interface DomainRecord {
  readonly state: DomainState;
  /** The name of a queue; undefined: the record does not say it. */
  readonly queue?: string;
  /** Of `redirect`: an address, or `@` and a domain at which the recipient has the same name. */
  readonly redirect?: string;
  /** Of `backup`: the servers whose backup this one is. */
  readonly backup?: readonly BackupHost[];
  /** The name of the [[route]] by which reports about its mail go. */
  readonly bounceRoute?: string;
  /** Addresses that get copies of its mail. */
  readonly taps?: readonly string[];
  /** How much mail for it may wait. */
  readonly quota?: RoomLimit;
}

/** The words of a record, in the order in which they are written. */
export const recordWords = [
  'state',
  'queue',
  'redirect',
  'backup',
  'bounce_route',
  'taps',
  'quota',
  'quota_messages',
] as const;
type RecordWord = (typeof recordWords)[number];

const longestRecord = 4_096;
const mostInList = 20;

/** The words of a record by name. @throws {ValueError} when one has not the form NAME=VALUE, is not known, or is there twice */
export function wordsOf(values: readonly string[]): ReadonlyMap<RecordWord, string> {
  const text = values.join(' ');
  if (text.length > longestRecord) throw new ValueError(`it has more than ${longestRecord} characters`);
  const words = new Map<RecordWord, string>();
  for (const each of text.split(/[ \t\r\n]+/u)) {
    if (each === '') continue;
    const at = each.indexOf('=');
    const name = each.slice(0, Math.max(at, 0)).toLowerCase();
    const value = each.slice(at + 1);
    if (at <= 0 || value === '') throw new ValueError(`"${shown(each)}" is not NAME=VALUE`);
    if (!isWord(name)) throw new ValueError(`there is no "${shown(name)}"${hint(name, recordWords)}`);
    if (words.has(name)) throw new ValueError(`"${name}" is there twice`);
    words.set(name, value);
  }
  return words;
}

/** Reads a record. @throws {ValueError} with a clause when it is none */
export function readRecord(values: readonly string[]): DomainRecord {
  const words = wordsOf(values);
  const redirect = redirectOf(words.get('redirect'));
  const backup = backupOf(words.get('backup'));
  const state = stateOf(words.get('state'), redirect !== undefined, backup !== undefined);
  if (state === 'redirect' && redirect === undefined)
    throw new ValueError('state=redirect needs redirect=ADDRESS, redirect=@DOMAIN or redirect=queue:NAME');
  if (state === 'backup' && backup === undefined)
    throw new ValueError('state=backup needs backup=HOST, the server whose backup this one is');
  const toQueue = redirect?.startsWith('queue:') === true ? redirect.slice('queue:'.length) : undefined;
  const queue = nameOf('queue', words.get('queue'));
  if (toQueue !== undefined && queue !== undefined && toQueue !== queue)
    throw new ValueError('queue and redirect name two queues');
  const inQueue = toQueue ?? queue;
  const bounceRoute = words.get('bounce_route');
  const taps = words.get('taps')?.split(',').map(addressOf);
  if (taps !== undefined && taps.length > mostInList)
    throw new ValueError(`taps has more than ${mostInList} addresses`);
  const quota = quotaOf(words.get('quota'), words.get('quota_messages'));
  return {
    // Mail that goes to another queue is tried from there.
    state: state === 'redirect' && toQueue !== undefined ? 'active' : state,
    ...(inQueue !== undefined && { queue: inQueue }),
    ...(redirect !== undefined && toQueue === undefined && { redirect }),
    ...(backup !== undefined && { backup }),
    ...(bounceRoute !== undefined && { bounceRoute }),
    ...(taps !== undefined && { taps }),
    ...(quota !== undefined && { quota }),
  };
}

/** The words as they are written in a table. */
export function recordText(words: ReadonlyMap<string, string>): string {
  return recordWords
    .flatMap((name) => {
      const value = words.get(name);
      return value === undefined ? [] : [`${name}=${value}`];
    })
    .join(' ');
}

function isWord(name: string): name is RecordWord {
  return (recordWords as readonly string[]).includes(name);
}

function stateOf(text: string | undefined, redirects: boolean, isBackup: boolean): DomainState {
  if (text === undefined) {
    if (redirects && isBackup) throw new ValueError('redirect and backup are two states; write state=');
    if (redirects) return 'redirect';
    return isBackup ? 'backup' : 'active';
  }
  const state = text.toLowerCase();
  if ((domainStates as readonly string[]).includes(state)) return state as DomainState;
  throw new ValueError(`there is no state "${shown(text)}"; there are ${domainStates.join(', ')}`);
}

function redirectOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith('queue:')) return `queue:${nameOf('redirect=queue:', text.slice('queue:'.length))}`;
  if (!text.startsWith('@')) return addressOf(text);
  const domain = normalizeDomain(text.slice(1));
  if (domain === undefined) throw new ValueError(`"${shown(text)}" is not @ and a domain`);
  return `@${domain}`;
}

function backupOf(text: string | undefined): readonly BackupHost[] | undefined {
  if (text === undefined) return undefined;
  const hosts = text.split(',');
  if (hosts.length > mostInList) throw new ValueError(`backup has more than ${mostInList} hosts`);
  return hosts.map((host) => {
    try {
      return parseRelayHost(host);
    } catch (error) {
      throw new ValueError(`backup: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

function quotaOf(size: string | undefined, count: string | undefined): RoomLimit | undefined {
  if (size === undefined && count === undefined) return undefined;
  const bytes = size === undefined ? undefined : parseSize(size);
  if (bytes === 0) throw new ValueError('quota is at least 1 byte; state=discard takes no mail');
  if (count !== undefined && !/^[1-9]\d{0,14}$/u.test(count))
    throw new ValueError(`quota_messages: "${shown(count)}" is not a number of messages, at least 1`);
  return {
    ...(bytes !== undefined && { bytes }),
    ...(count !== undefined && { messages: Number(count) }),
  };
}

function addressOf(text: string): string {
  parseMailbox(text);
  return text;
}

function nameOf(word: string, text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/u.test(text)) return text;
  throw new ValueError(`${word}: "${shown(text)}" is not the name of a queue`);
}

function hint(name: string, known: readonly string[]): string {
  const near = closest(name, known);
  return near === undefined ? `; there are ${known.join(', ')}` : `; did you mean "${near}"?`;
}

function shown(text: string): string {
  return text.slice(0, 100).replaceAll(/[^ -~]/gu, '?');
}
