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

/** Ids in one request: each request scans the whole queue. */
const idsPerRequest = 100_000;

/**
 * Chooses every message that has a matching recipient.
 * @param wantsWaiting - also collect the recipients that match
 */
export async function chooseMessages(
  config: Places,
  filter: QueueFilter,
  wantsWaiting: boolean,
): Promise<Map<string, ChosenMessage>> {
  const chosen = new Map<string, ChosenMessage & { readonly waiting: string[] }>();
  for await (const { queueId, receivedAtMs, state, ref, recipient } of queueRows(config, filter, 0, true)) {
    if (ref === undefined) continue;
    let message = chosen.get(queueId);
    if (message === undefined) {
      message = { queueId, receivedAtMs, state, ref, waiting: [] };
      chosen.set(queueId, message);
    }
    if (wantsWaiting) message.waiting.push(recipient);
  }
  return chosen;
}

/** Returns the same messages with all their waiting recipients, also those that the filter did not match. */
export async function withAllRecipients(
  config: Places,
  filter: QueueFilter,
  chosen: Map<string, ChosenMessage>,
): Promise<Map<string, ChosenMessage>> {
  const { recipient, domain, state } = filter;
  if (recipient === undefined && domain === undefined && state === undefined) return chosen;
  const all = new Map(chosen);
  const ids = [...chosen.keys()];
  for (let at = 0; at < ids.length; at += idsPerRequest) {
    const found = await chooseMessages(config, { ids: ids.slice(at, at + idsPerRequest) }, true);
    for (const [id, message] of found) all.set(id, message);
  }
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
