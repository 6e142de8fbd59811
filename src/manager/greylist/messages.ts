// What goes to the thread that has the database of greylisting, and what comes back.

import type { GreylistAnswer, GreylistQuestion } from '../../policy/greylist/types.ts';

/** Of what is to be forgotten, a sweep takes so many rows of each table: what is asked meanwhile waits no longer than that takes. */
export const sweptAtOnce = 10_000;

/** JavaScript's largest time: it is kept for ever. */
export const forEverMs = 8.64e15;

/** What operators see of a key. Times are those of the manager. */
export interface GreylistRow {
  readonly stage: string;
  readonly network: string;
  readonly sender: string;
  readonly domain: string;
  readonly firstMs: number;
  readonly passedMs: number | undefined;
  readonly attempts: number;
  readonly untilMs: number;
}

/** What operators see of a network. */
export interface GreylistNetworkRow {
  readonly stage: string;
  readonly network: string;
  readonly passes: number;
  /** An operator has allowed it. */
  readonly isFixed: boolean;
  readonly untilMs: number;
}

export interface GreylistCounts {
  readonly stage: string;
  /** Keys that wait, and of these those that have not come again. */
  readonly waiting: number;
  readonly once: number;
  readonly passed: number;
  /** Networks with mail that has passed, and of these those that are allowed. */
  readonly networks: number;
  readonly fixed: number;
}

/** Texts that a row has to have in it; empty: any. */
export interface GreylistFilter {
  readonly stage: string;
  readonly text: string;
  readonly state: 'all' | 'waiting' | 'passed';
  readonly most: number;
}

export type GreylistTask =
  | { readonly kind: 'attempt'; readonly question: GreylistQuestion }
  | { readonly kind: 'list'; readonly filter: GreylistFilter }
  | { readonly kind: 'networks'; readonly filter: GreylistFilter }
  | { readonly kind: 'counts' }
  /** @property untilMs - undefined: for ever */
  | {
      readonly kind: 'allow';
      readonly stage: string;
      readonly network: string;
      readonly untilMs: number | undefined;
    }
  /** @property text - of a network, sender or domain */
  | { readonly kind: 'forget'; readonly stage: string; readonly text: string }
  | { readonly kind: 'sweep'; readonly mostEntries: number };

export type GreylistResult =
  | { readonly kind: 'answer'; readonly answer: GreylistAnswer }
  | { readonly kind: 'rows'; readonly rows: readonly GreylistRow[]; readonly total: number }
  | { readonly kind: 'networks'; readonly rows: readonly GreylistNetworkRow[]; readonly total: number }
  | { readonly kind: 'counts'; readonly counts: readonly GreylistCounts[] }
  | { readonly kind: 'done'; readonly changed: number };

/** Tasks that are carried out together, in one transaction. */
export interface GreylistBatch {
  readonly path: string;
  /** How long it waits for another program's lock of the database. */
  readonly busyMs: number;
  readonly nowMs: number;
  readonly tasks: readonly GreylistTask[];
}

/** One for each task; a text: why none was carried out. */
export interface GreylistReply {
  readonly results: readonly GreylistResult[] | string;
  /** What operators should hear: a damaged database was put aside. */
  readonly notice?: string | undefined;
}
