// How messages are sent to a host over one connection, and what a host did that made it be served with less.

/**
 * `across`: commands behind the content of another message (RFC 2920 3.1). `chunk`: the content together with its commands (RFC 3030).
 * `group`: any commands that are sent together.
 */
export type PipeliningKind = 'across' | 'chunk' | 'group';

/** A kind of pipelining that a host offers and does not bear. */
export interface PipeliningFault {
  readonly kind: PipeliningKind;
  /** What it did: one line. */
  readonly text: string;
}

/** `single`: a command waits for the reply to the one before. `group`: commands together (PIPELINING). `chunk`: and the content with them (CHUNKING). */
export type SendingWay = 'single' | 'group' | 'chunk';
