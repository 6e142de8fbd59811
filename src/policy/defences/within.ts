// A look-up with an end: without an answer in time it is a failed one.

import type { Deadline, Deadlines } from '../../io/deadlines.ts';
import { errorText } from '../error-text.ts';

export interface FailedLookup {
  readonly kind: 'failed';
  /** A clause for people. */
  readonly reason: string;
}

/** It never rejects. @param limitMs - exact to a second */
export function within<T>(
  deadlines: Pick<Deadlines, 'set' | 'clear'>,
  limitMs: number,
  asked: Promise<T>,
): Promise<T | FailedLookup> {
  return new Promise((resolve) => {
    const deadline: Deadline = {
      atMs: Infinity,
      bucket: -1,
      expired: () => resolve({ kind: 'failed', reason: `no answer within ${Math.round(limitMs / 1000)} s` }),
    };
    deadlines.set(deadline, limitMs);
    const end = (answer: T | FailedLookup): void => {
      deadlines.clear(deadline);
      resolve(answer);
    };
    // A resolver never rejects. Should it do so, nobody may be left waiting.
    asked.then(end, (error: unknown) => end({ kind: 'failed', reason: errorText(error) }));
  });
}
