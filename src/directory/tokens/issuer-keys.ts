// The keys of an issuer, fetched and kept. Promises: log-ins share one fetch; an issuer that is away is asked every few seconds at most,
// whatever comes in, and its known keys count for a day; without keys, the answer is that nobody can tell.

import { open, stat } from 'node:fs/promises';
import type { KeyPlace } from '../../config/token-issuer-config.ts';
import type { Failing } from '../types.ts';
import { discoveryUrl } from './discovery-url.ts';
import { failing, type FetchedJson, type JsonFetcher, parseJson } from './fetch-json.ts';
import { type KeySet, keySetOf, mostKeySetBytes } from './key-set.ts';

/** The shortest time between two fetches. */
const restMs = 10_000;
/** Known keys count for this time while they cannot be fetched again. */
const longestMs = 86_400_000;
/** A file is looked at again after this time. */
const fileRestMs = 1_000;
const mostDiscoveryBytes = 64 * 1024;

export interface IssuerKeysSettings {
  readonly issuer: string;
  readonly place: KeyPlace;
  readonly refreshMs: number;
  readonly timeoutMs: number;
}

export interface IssuerKeysParts {
  readonly fetcher: JsonFetcher;
  readonly nowMs: () => number;
  /** Called after each fetch. @param problem - undefined: it went well */
  readonly fetched: (problem: string | undefined) => void;
}

interface Known {
  readonly set: KeySet;
  readonly atMs: number;
}

export class IssuerKeys {
  readonly #settings: IssuerKeysSettings;
  readonly #parts: IssuerKeysParts;
  readonly #restMs: number;
  #known: Known | undefined;
  #problem: string | undefined;
  #triedMs = -Infinity;
  #fetch: Promise<void> | undefined;

  constructor(settings: IssuerKeysSettings, parts: IssuerKeysParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#restMs = settings.place.kind === 'file' ? fileRestMs : restMs;
  }

  /** The keys that count now; fetches them when there are none. */
  async current(): Promise<KeySet | Failing> {
    const isFile = this.#settings.place.kind === 'file';
    const isOld = this.#ageMs() >= (isFile ? fileRestMs : this.#settings.refreshMs);
    if (isOld) {
      const fetch = this.#fetchUnlessJustTried();
      // Who has keys goes on with them; a file is read at once, and may have had a key taken out of it.
      if (this.#ageMs() >= longestMs || isFile) await fetch;
    }
    return this.#answer();
  }

  /** The keys after a token has named one that was not among them. @returns undefined when they were fetched just before */
  async renewed(): Promise<KeySet | Failing | undefined> {
    const fetch = this.#fetchUnlessJustTried();
    if (fetch === undefined) return this.#problem === undefined ? undefined : failing(this.#problem);
    await fetch;
    return this.#problem === undefined ? this.#answer() : failing(this.#problem);
  }

  #answer(): KeySet | Failing {
    const { set } = this.#known ?? {};
    if (set === undefined || this.#ageMs() >= longestMs)
      return failing(this.#problem ?? 'its keys are too old');
    return set;
  }

  #ageMs(): number {
    return this.#known === undefined ? Infinity : this.#parts.nowMs() - this.#known.atMs;
  }

  #fetchUnlessJustTried(): Promise<void> | undefined {
    if (this.#fetch !== undefined) return this.#fetch;
    if (this.#parts.nowMs() - this.#triedMs < this.#restMs) return undefined;
    this.#fetch = this.#fetchNow().finally(() => {
      this.#triedMs = this.#parts.nowMs();
      this.#fetch = undefined;
    });
    return this.#fetch;
  }

  async #fetchNow(): Promise<void> {
    const read = await readKeys(this.#settings, this.#parts.fetcher);
    if (read.kind === 'failing') this.#problem = read.reason;
    else {
      this.#problem = undefined;
      this.#known = { set: read, atMs: this.#parts.nowMs() };
    }
    this.#parts.fetched(this.#problem);
  }
}

/** Reads the keys of an issuer once, from wherever they are. Never rejects. */
export async function readKeys(
  { issuer, place, timeoutMs }: Omit<IssuerKeysSettings, 'refreshMs'>,
  fetcher: JsonFetcher,
): Promise<KeySet | Failing> {
  if (place.kind === 'file') return placed(place.path, keysIn(await readFileOf(place.path)));
  let { url } = place.kind === 'url' ? place : { url: '' };
  if (place.kind === 'discovery') {
    const found = await discover(issuer, timeoutMs, fetcher);
    if (found.kind === 'failing') return found;
    url = found.url;
  }
  const fetched = await fetcher.fetch({ url, deadlineMs: timeoutMs, mostBytes: mostKeySetBytes });
  return placed(url, keysIn(fetched));
}

function keysIn(json: FetchedJson): KeySet | Failing {
  return json.kind === 'json' ? keySetOf(json.value) : json;
}

function placed(place: string, read: KeySet | Failing): KeySet | Failing {
  return read.kind === 'failing' ? failing(`${place}: ${read.reason}`) : read;
}

async function discover(
  issuer: string,
  deadlineMs: number,
  fetcher: JsonFetcher,
): Promise<{ readonly kind: 'url'; readonly url: string } | Failing> {
  const url = discoveryUrl(issuer);
  const fetched = await fetcher.fetch({ url, deadlineMs, mostBytes: mostDiscoveryBytes });
  if (fetched.kind === 'failing') return failing(`${url}: ${fetched.reason}`);
  const { value } = fetched;
  const said: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  // OpenID Connect Discovery 4.3: another one may be somebody else's answer.
  if (said['issuer'] !== issuer) return failing(`${url}: it is about another issuer`);
  const { jwks_uri: keys } = said;
  const target = typeof keys === 'string' ? URL.parse(keys) : null;
  if (target === null) return failing(`${url}: it does not say where the keys are (jwks_uri)`);
  if (target.protocol !== 'https:' && target.protocol !== new URL(url).protocol)
    return failing(`${url}: the keys are not at an address that begins with https`);
  return { kind: 'url', url: target.href };
}

async function readFileOf(path: string): Promise<FetchedJson> {
  try {
    // To open a pipe would take as long as nobody writes to it.
    if (!(await stat(path)).isFile()) return failing('it is no file');
    const file = await open(path);
    try {
      const bytes = Buffer.alloc(mostKeySetBytes + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length);
        length += bytesRead;
        if (bytesRead === 0 || length === bytes.length) break;
      }
      if (length > mostKeySetBytes) return failing(`it is larger than ${mostKeySetBytes} bytes`);
      const parsed = parseJson(bytes.subarray(0, length));
      return parsed.kind === 'json' ? parsed : failing('it is no JSON');
    } finally {
      await file.close();
    }
  } catch (error) {
    return failing(error instanceof Error ? error.message : String(error));
  }
}
