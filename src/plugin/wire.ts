// What a process and the thread of a plugin tell each other. Each side sends one message a turn of its event loop, with all that has come up
// meanwhile. Questions and answers are JSON: it is faster than a structured clone for many small ones, and what comes out is plain data.

import type { PluginPoint } from './types.ts';

/** What a thread is started with. */
export interface ThreadData {
  /** Of the stage. */
  readonly name: string;
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly folder: string;
}

/** A question: its number, the point, and the facts. */
export type Question = readonly [id: number, point: PluginPoint, facts: unknown];

/** An answer other than "go on": `fault` says why there is none. */
export type Given =
  | readonly [id: number, kind: 'value', value: unknown]
  | readonly [id: number, kind: 'fault', reason: string];

/** What the code in the thread wants of the process. */
export type Call =
  | { readonly kind: 'dns'; readonly type: DnsType; readonly name: string }
  /** The next piece of a body. @param reader - each time that the body is read from its beginning has a number of its own */
  | { readonly kind: 'read'; readonly question: number; readonly reader: number };

export type DnsType = 'a' | 'aaaa' | 'txt' | 'mx' | 'ptr';

/** What came of a call. The piece after the last one is undefined. */
export type Called = { readonly value: unknown } | { readonly fault: string };

/** A file that the plugin is made of, and how it was when it was read: see `stampOf` and `digestOf`. Undefined: nobody knows. */
export type LoadedFile = readonly [path: string, stamp: string | undefined, digest: string | undefined];

export interface ToThread {
  /** JSON of `Question[]`. */
  readonly questions?: string;
  /** Headers of messages that questions are about. */
  readonly headers?: readonly (readonly [id: number, header: Uint8Array])[];
  readonly called?: readonly (readonly [call: number, outcome: Called])[];
  /** To be answered at once. */
  readonly ping?: true;
  readonly end?: true;
}

export interface FromThread {
  /** The plugin is set up. */
  readonly ready?: { readonly points: readonly string[]; readonly files: readonly LoadedFile[] };
  /** It cannot be used. */
  readonly unusable?: { readonly reason: string; readonly files: readonly LoadedFile[] };
  /** Questions whose answer is "go on". */
  readonly goOn?: readonly number[];
  /** JSON of `Given[]`. */
  readonly given?: string;
  /** New bodies that answers have, in the order of their edits. */
  readonly bodies?: readonly (readonly [id: number, body: Uint8Array])[];
  readonly calls?: readonly (readonly [call: number, Call])[];
  readonly logs?: readonly string[];
  /** Errors in what it does beside the answers, such as in a timer. */
  readonly faults?: readonly string[];
  /** @param externalBytes - memory outside of the heap */
  readonly pong?: { readonly externalBytes: number };
  readonly ended?: true;
}
