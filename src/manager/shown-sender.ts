// The sender with which mail is passed on, for operators: the same that a sender process works out when it delivers.

import type { ShownSender } from '../control/operations/srs.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import { SrsError } from '../srs/srs-error.ts';

/** @param receivedAtMs - when the message came, Unix ms. @param nowMs - Unix ms */
export function shownSender(srs: LiveSrs, sender: string, receivedAtMs: number, nowMs: number): ShownSender {
  try {
    return srs.forward(sender, receivedAtMs, nowMs);
  } catch (error) {
    if (!(error instanceof SrsError)) throw error;
    return { kind: 'lacking', reason: error.message };
  }
}
