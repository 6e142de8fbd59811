// Chooses the messages to export, and finds out where each is stored and which recipients still wait for it.

import type { Places } from '../config/salvage-places.ts';
import type { QueueFilter, QueueRow } from '../control/queue-row.ts';
import type { StoredRef } from '../spool/types.ts';
import { queueRows } from './queue-rows.ts';

export interface ChosenMessage {
  readonly queueId: string;
  readonly receivedAtMs: number;
  readonly state: QueueRow['state'];
  readonly ref: StoredRef;
  /** Addresses of recipients that still wait; empty unless they were asked for. */
  readonly waiting: readonly string[];
}

/** Messages that are in memory at a time, and ids in one request: each request scans the whole queue. */
const messagesPerPortion = 100_000;

/** Chooses every message that has a matching recipient; for few of them. */
export async function chooseMessages(
  config: Places,
  filter: QueueFilter,
  wantsWaiting: boolean,
): Promise<ReadonlyMap<string, ChosenMessage>> {
  const chosen = new Map<string, ChosenMessage>();
  for await (const portion of messagePortions(config, filter, wantsWaiting)) {
    for (const [id, message] of portion) chosen.set(id, message);
  }
  return chosen;
}

/**
 * Chooses every message that has a matching recipient, in portions: a queue may have more messages than there is memory for.
 * @param wantsWaiting - also collect the recipients that match
 */
export async function* messagePortions(
  config: Places,
  filter: QueueFilter,
  wantsWaiting: boolean,
): AsyncGenerator<Map<string, ChosenMessage>> {
  let chosen = new Map<string, ChosenMessage & { readonly waiting: string[] }>();
  for await (const { queueId, receivedAtMs, state, ref, recipient } of queueRows(config, filter, 0, true)) {
    if (ref === undefined) continue;
    let message = chosen.get(queueId);
    if (message === undefined) {
      // Recipients of one message come together.
      if (chosen.size === messagesPerPortion) {
        yield chosen;
        chosen = new Map();
      }
      message = { queueId, receivedAtMs, state, ref, waiting: [] };
      chosen.set(queueId, message);
    }
    if (wantsWaiting) message.waiting.push(recipient);
  }
  if (chosen.size > 0) yield chosen;
}

/** Returns a portion with all waiting recipients of its messages, also those that the filter did not match. */
export async function withAllRecipients(
  config: Places,
  { recipient, domain, state }: QueueFilter,
  portion: ReadonlyMap<string, ChosenMessage>,
): Promise<ReadonlyMap<string, ChosenMessage>> {
  if (recipient === undefined && domain === undefined && state === undefined) return portion;
  const all = new Map(portion);
  const found = await chooseMessages(config, { ids: [...portion.keys()] }, true);
  for (const [id, message] of found) all.set(id, message);
  return all;
}

/** Asks again where the message is stored; undefined when it is no longer in the queue. */
export async function locateAgain(
  config: Places,
  message: ChosenMessage,
): Promise<ChosenMessage | undefined> {
  const found = await chooseMessages(config, { ids: [message.queueId] }, false);
  const now = found.get(message.queueId);
  return now === undefined ? undefined : { ...now, waiting: message.waiting };
}
