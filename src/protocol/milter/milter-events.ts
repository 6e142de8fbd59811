// What an MTA tells a milter, and what comes of it: plain data.

import type { MilterEdit } from './answer.ts';
import type { MilterReply } from './reply-code.ts';

/** A command that is answered. */
export type Question =
  | 'connect'
  | 'helo'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'header'
  | 'end-of-headers'
  | 'body'
  | 'unknown'
  | 'end-of-message';

/**
 * What a milter decides.
 * - `accept`: it wants to know no more, of this message, or at `connect` and `helo` of this session
 * - `discard`: the message is answered 250 and dropped
 * - `reject`, `tempfail`: the command, or the message; at `connect` and `helo` all that follows. Without a reply, the MTA chooses one
 * - `shutdown`: 421, and the connection is closed; `connection-failure`: it is closed
 */
export interface MilterVerdict {
  readonly kind:
    | 'continue'
    | 'accept'
    | 'discard'
    | 'reject'
    | 'tempfail'
    | 'shutdown'
    | 'connection-failure';
  readonly reply?: MilterReply | undefined;
}

export type MilterEvent =
  /** The negotiation is through. */
  | { readonly kind: 'negotiated' }
  /** It needs more time. */
  | { readonly kind: 'progress' }
  /** The message is to be held. A verdict follows. */
  | { readonly kind: 'quarantine'; readonly reason: string }
  | { readonly kind: 'edit'; readonly edit: MilterEdit }
  /** The next part of a new body, which replaces the old one as a whole. */
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'verdict'; readonly on: Question; readonly verdict: MilterVerdict }
  /** It has broken the protocol. Nothing more can be said on this connection. @param why - a clause: `it sent ...` */
  | { readonly kind: 'broken'; readonly why: string };

/** Where a client comes from, as a milter is told. */
export interface MilterClient {
  /** Its name, or its address in square brackets. */
  readonly name: string;
  /** Undefined when it is not known. */
  readonly address:
    | { readonly family: '4' | '6'; readonly port: number; readonly address: string }
    | { readonly family: 'L'; readonly path: string }
    | undefined;
}

/** One field of a header. */
export interface MilterField {
  /** This and the value have one character for each byte. */
  readonly name: string;
  /** What follows the colon, with the blank there; folds are LF. */
  readonly value: string;
}

/** Does the milter want to hear no more of the message? A refusal of one recipient, or of a command that nobody knows, ends nothing. */
export function endsMessage({ kind }: MilterVerdict, on: Question): boolean {
  if (kind === 'accept' || kind === 'discard') return true;
  return kind !== 'continue' && on !== 'rcpt' && on !== 'unknown';
}
