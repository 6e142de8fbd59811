// The fields of events about taps and their copies.

import type { LogFields } from './event.ts';

type Text = string | undefined;

export interface CopiedFields extends LogFields {
  readonly id: string;
  readonly to: string;
  /** The table or line of the tap. */
  readonly tap: string;
  /** Whose address it is for: `sender` or `recipient`, and the address. */
  readonly side: string;
  readonly address: string;
}

export interface TapsChangedFields extends LogFields {
  /** `start`, `reload` of the configuration, or `file`: a file of taps has changed. */
  readonly how: string;
  readonly tap?: Text;
  /** The file that says so, the user that it belongs to, and when it was written. */
  readonly file: string;
  readonly owner?: number | undefined;
  readonly modified?: Text;
  /** Of a file of taps: the number of its taps, and its SHA-256. */
  readonly lines?: number | undefined;
  readonly digest?: Text;
  readonly added?: readonly string[] | undefined;
  readonly removed?: readonly string[] | undefined;
  readonly moreAdded?: number | undefined;
  readonly moreRemoved?: number | undefined;
}

export interface CopyFailedFields extends LogFields {
  readonly id: string;
  readonly to: string;
  readonly queue?: Text;
  readonly reply: string;
  readonly host?: Text;
  readonly expired: boolean;
  readonly delayMs: number;
}
