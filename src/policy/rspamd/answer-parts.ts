// The parts of an answer of rspamd: JSON, and behind it the new body, when it has rewritten that. Promises: JSON has a bounded size, and the body goes
// where a new body goes while it comes; when the answer ends amid the body, nobody can say what the message should be.

import type { IncomingMessage } from 'node:http';
import { MessageInDoubt } from '../message-in-doubt.ts';
import type { NewBody } from '../stage.ts';

/** An answer names some hundred rules. */
export const mostAnswerBytes = 1024 * 1024;

export interface AnswerParts {
  readonly text: string;
  /** Undefined: the body stays as it is. */
  readonly body: NewBody | undefined;
}

/**
 * Reads an answer to its end.
 * @param newBody - begins a new body
 * @throws {Error} with a clause about what is wrong
 */
export async function readAnswer(response: IncomingMessage, newBody: () => NewBody): Promise<AnswerParts> {
  const offset = bodyOffset(response);
  const pieces: Buffer[] = [];
  let bytes = 0;
  let body: NewBody | undefined;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      const own = offset === undefined ? piece.length : Math.max(0, Math.min(piece.length, offset - bytes));
      if (own > 0) pieces.push(piece.subarray(0, own));
      bytes += piece.length;
      if (body === undefined && Math.min(bytes, offset ?? bytes) > mostAnswerBytes)
        throw new Error('its answer is too large');
      if (own === piece.length) continue;
      body ??= newBody();
      await body.write(piece.subarray(own));
    }
    if (!response.complete) throw new Error('it has closed the connection amid its answer');
    if (offset !== undefined && bytes < offset) throw new Error('its answer is shorter than it says');
  } catch (error) {
    if (body === undefined) throw error;
    body.discard();
    throw new MessageInDoubt((error as Error).message);
  }
  // An empty body may be what it wants.
  if (offset !== undefined) body ??= newBody();
  return { text: Buffer.concat(pieces).toString('utf8'), body };
}

/** Where the new body begins. */
function bodyOffset({ headers }: IncomingMessage): number | undefined {
  const given = headers['message-offset'];
  if (given === undefined) return undefined;
  if (typeof given !== 'string' || !/^\d{1,9}$/.test(given))
    throw new Error('its answer says in no number where the body begins');
  return Number(given);
}
