// Which messages are exported, where each is stored, and who still waits for it.

import type { Places } from '../config/salvage-places.ts';
import type { QueueFilter, QueueRow } from '../control/queue-row.ts';
import type { StoredRef } from '../spool/types.ts';
import { queueRows } from './queue-rows.ts';

export interface ChosenMessage {
  readonly queueId: string;
  readonly receivedAtMs: number;
  readonly state: QueueRow['state'];
  readonly ref: StoredRef;
  /** Recipients that are not done; empty when nobody asked for them. */
  readonly waiting: readonly string[];
}

/** Ids in one question; a question looks at the whole queue. */
const idsAtOnce = 100_000;

/**
 * Every message that has a recipient that matches.
 * @param wantsWaiting - its recipients that match, too
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

/** The same messages with all recipients that wait for them, also those that the filter did not choose. */
export async function withAllRecipients(
  config: Places,
  filter: QueueFilter,
  chosen: Map<string, ChosenMessage>,
): Promise<Map<string, ChosenMessage>> {
  const { recipient, domain, state } = filter;
  if (recipient === undefined && domain === undefined && state === undefined) return chosen;
  const all = new Map(chosen);
  const ids = [...chosen.keys()];
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const found = await chooseMessages(config, { ids: ids.slice(at, at + idsAtOnce) }, true);
    for (const [id, message] of found) all.set(id, message);
  }
  return all;
}

/** Where the message is now; undefined when it is done. */
export async function locateAgain(
  config: Places,
  message: ChosenMessage,
): Promise<ChosenMessage | undefined> {
  const found = await chooseMessages(config, { ids: [message.queueId] }, false);
  const now = found.get(message.queueId);
  return now === undefined ? undefined : { ...now, waiting: message.waiting };
}
