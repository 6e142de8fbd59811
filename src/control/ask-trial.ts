// Passes a message on that is to be tried, in pieces.

import { randomUUID } from 'node:crypto';
import type { TrialMail, TrialReport } from '../receive/trial/trial-types.ts';
import type { Asker } from './operations/operation.ts';
import type { ManagerSet } from './operations/sets.ts';
import { trialPieceBytes } from './operations/trial.ts';

/** @param content - in base64 */
export async function askTrial(
  ask: Asker<ManagerSet>,
  { mail, content }: { readonly mail: TrialMail; readonly content: string },
  signal: AbortSignal,
): Promise<TrialReport> {
  const trial = randomUUID();
  // Four characters are three bytes.
  const length = (trialPieceBytes / 3) * 4;
  for (let at = 0; at < content.length; at += length) {
    await ask('policy.piece', { trial, piece: content.slice(at, at + length) });
  }
  return ask('policy.mail', { trial, mail }, { signal });
}
