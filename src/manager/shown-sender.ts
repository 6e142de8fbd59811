// The sender with which mail is passed on, for operators: the same that a sender process works out when it delivers.

import type { ShownReversal, ShownSender } from '../control/operations/srs.ts';
import type { LiveSrs } from '../srs/live-srs.ts';
import { dayOf } from '../srs/srs-day.ts';
import { SrsError } from '../srs/srs-error.ts';

/** Where mail to an address goes if it is an SRS address of this server; undefined when it is none. @param nowMs - Unix ms */
export function shownReversal(srs: LiveSrs, address: string, nowMs: number): ShownReversal | undefined {
  if (!srs.isOurs(address)) return undefined;
  if (srs.current === undefined) return { kind: 'lacking', reason: srs.lack };
  const reversed = srs.current.reverse(address, dayOf(nowMs));
  return reversed.kind === 'original' ? { kind: 'original', address: reversed.address } : reversed;
}

/** @param receivedAtMs - when the message came, Unix ms. @param nowMs - Unix ms */
export function shownSender(srs: LiveSrs, sender: string, receivedAtMs: number, nowMs: number): ShownSender {
  try {
    return srs.forward(sender, receivedAtMs, nowMs);
  } catch (error) {
    if (!(error instanceof SrsError)) throw error;
    return { kind: 'lacking', reason: error.message };
  }
}
