// What the receivers of a backup MX ask of whoever remembers for all of them, and what they are answered.

import type { EtrnNode } from '../../values/etrn-node.ts';

/** What became of an ETRN. */
export type EtrnAnswer =
  /** @property messages - those that are due now; undefined: they are still being gathered */
  | { readonly kind: 'started'; readonly messages: number | undefined }
  | { readonly kind: 'nothing' }
  /** This server is no backup MX of it. */
  | { readonly kind: 'not-allowed' }
  /** It was asked for a moment ago. */
  | { readonly kind: 'busy'; readonly againMs: number }
  | { readonly kind: 'failing'; readonly reason: string };

export interface EtrnDesk {
  /** Sends the mail that waits for a domain to its primary server now. It never rejects. */
  etrn(node: EtrnNode): Promise<EtrnAnswer>;
}

/** What is remembered of a recipient at a primary server. */
export type LearnedAnswer =
  /** The server took it, the last time that it was asked. */
  | { readonly kind: 'learned' }
  /** The server did not know it, the last time that it was asked. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unlearned' }
  | { readonly kind: 'failing'; readonly reason: string };

export interface LearnedRecipients {
  /** @param address - in the form of a table's key. It never rejects */
  learned(address: string): Promise<LearnedAnswer>;
  /** The primary server has said whether the recipient exists. */
  learn(address: string, exists: boolean): void;
}

export interface BackupLedger extends EtrnDesk, LearnedRecipients {}
