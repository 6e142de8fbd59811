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

/** With DATA each content waits for its 354, so that one message's content and the next one's commands are the most on the way. */
export const mostByData = 2;

/**
 * The messages that are granted to a connection and have no result: those on the way, and one more, which is read meanwhile and
 * takes the place of the first that is over at once.
 * @param depth - the most messages on the way; with 1, the next one is granted when there is a result
 */
export function grantedAtOnce(depth: number): number {
  return depth > 1 ? depth + 1 : 1;
}

/** `single`: a command waits for the reply to the one before. `group`: commands together (PIPELINING). `chunk`: and the content with them (CHUNKING). */
export type SendingWay = 'single' | 'group' | 'chunk';
