// Finds transactions that have been in hand for longer than their timeouts explain (RFC 5321 4.5.3.2): their sender process has lost
// them, or the other server takes the content a few bytes at a time. It costs one look at each connection in use a minute.

import type { DeliveryTimeouts } from '../deliver/types.ts';
import type { FlightInHand } from './flights.ts';

/** Beside the timeouts of replies: a large message to a slow server may take this long. */
const contentMs = 6 * 3_600_000;

export interface StuckTransaction extends FlightInHand {
  /** What its timeouts explain. */
  readonly explainedMs: number;
}

/**
 * The transaction that has been in hand for longest beyond what is explained; undefined: there is none.
 * @param flights - the oldest transaction of each connection
 * @param nowMs - on the clock of `sinceMs`
 * @param isMeant - those that are looked at
 */
export function stuckTransaction(
  flights: Iterable<FlightInHand>,
  timeouts: DeliveryTimeouts,
  nowMs: number,
  isMeant: (flight: FlightInHand) => boolean = () => true,
): StuckTransaction | undefined {
  let found: StuckTransaction | undefined;
  let mostMs = 0;
  for (const flight of flights) {
    const explainedMs = explainedBy(timeouts, flight.recipients);
    const beyondMs = nowMs - flight.sinceMs - explainedMs;
    if (beyondMs <= mostMs || !isMeant(flight)) continue;
    mostMs = beyondMs;
    found = { ...flight, explainedMs };
  }
  return found;
}

/** The longest time that a transaction may take, from the opening of its connection to its last reply. */
function explainedBy(timeouts: DeliveryTimeouts, recipients: number): number {
  const { connectMs, greetingMs, heloMs, handshakeMs, mailMs, rcptMs, dataMs, blockMs, finalMs, rsetMs } =
    timeouts;
  // EHLO is said twice with STARTTLS, and a log-in has up to four replies, each within the time of EHLO.
  const before = connectMs + greetingMs + 6 * heloMs + handshakeMs;
  return before + mailMs + recipients * rcptMs + dataMs + 2 * blockMs + finalMs + rsetMs + contentMs;
}
