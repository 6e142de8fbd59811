// Chooses the recipients of a job: by facts that the scheduler has, and by addresses and the reason of a quarantine, which are
// in the spool.

import { type QueueFilter, RowMatcher } from '../../control/queue-row.ts';
import type { Envelope } from '../../message/envelope.ts';
import { routeNameIn } from '../../route/plan-key.ts';
import type { MessageHandle, RecipientFacts, Scheduler } from '../../schedule/types.ts';
import type { QueueReader, SpoolStore } from '../../spool/types.ts';
import type { Manager } from '../manager.ts';
import type { UnreadableMail } from '../unreadable-mail.ts';

/** With at most this many ids, each is looked up; with more, the queue is walked. */
const mostLookUps = 32;

export interface ChoiceParts {
  readonly manager: Pick<Manager, 'receivedAtMs'> & {
    readonly scheduler: Pick<Scheduler, 'find' | 'isQueued' | 'messages' | 'queueIdOf' | 'recipientsOf'>;
  };
  readonly store: Pick<SpoolStore, 'isDamaged' | 'locate'>;
  readonly reader: Pick<QueueReader, 'readEnvelope' | 'readDamagedEnvelope'>;
  readonly unreadable: Pick<UnreadableMail, 'examine'>;
  /** The name of the queue whose store has this number; undefined: the default one. */
  readonly queueName: (store: number) => string | undefined;
  /** The system's clock, which operators compare dates with. */
  readonly dateMs: () => number;
}

/** A message with those of its recipients that were chosen. */
export interface ChosenMessage {
  readonly message: MessageHandle;
  readonly queueId: string;
  readonly recipients: readonly RecipientFacts[];
  /** The sender; given when addresses were read. `?`: it cannot be read. */
  readonly sender?: string;
  /** The addresses of `recipients`, when addresses were read. */
  readonly addresses?: readonly string[];
  /** Why a message that is held was held when it was accepted, when addresses were read. */
  readonly quarantine?: string;
}

/** Whose holds a release ends: those of operators and stages, those of routes, or both. */
export type ReleasedHolds = 'placed' | 'of-routes' | 'all';

/** Who names a route means its hold; what somebody has held for another reason stays, unless its id or state is named, too. */
function releasedBy({ ids = [], quarantine, route, state }: QueueFilter): ReleasedHolds {
  if (quarantine !== undefined) return 'placed';
  if (ids.length > 0) return 'all';
  if (route === undefined) return 'placed';
  return state === 'held' ? 'all' : 'of-routes';
}

export class MessageChoice {
  readonly #parts: ChoiceParts;
  readonly #ids: ReadonlySet<string> | undefined;
  readonly #matcher: RowMatcher;
  /** The filter looks at addresses or at the reason of a quarantine: at what only the envelope says. */
  readonly looksAtAddresses: boolean;
  readonly released: ReleasedHolds;
  readonly #looksAtRoutes: boolean;
  readonly #looksAtQueues: boolean;

  constructor(parts: ChoiceParts, filter: QueueFilter) {
    this.#parts = parts;
    this.#ids = filter.ids === undefined || filter.ids.length === 0 ? undefined : new Set(filter.ids);
    this.#matcher = new RowMatcher(filter, parts.dateMs());
    this.#looksAtRoutes = filter.route !== undefined;
    this.#looksAtQueues = filter.queue !== undefined;
    this.released = releasedBy(filter);
    this.looksAtAddresses =
      filter.sender !== undefined || filter.recipient !== undefined || filter.quarantine !== undefined;
  }

  /** How many ids are looked up one by one; undefined: the queue is walked. */
  get lookUps(): number | undefined {
    const size = this.#ids?.size;
    return size !== undefined && size <= mostLookUps ? size : undefined;
  }

  /** Messages that may be chosen. May be walked in pieces; undefined stands for a message that was passed over. */
  *candidates(): Generator<MessageHandle | undefined, void> {
    const { scheduler } = this.#parts.manager;
    const ids = this.#ids;
    if (ids !== undefined && this.lookUps !== undefined) {
      for (const id of ids) yield scheduler.find(id);
      return;
    }
    for (const message of scheduler.messages()) {
      const isWanted = ids === undefined || ids.has(scheduler.queueIdOf(message));
      yield isWanted ? message : undefined;
    }
  }

  /** Chooses by facts; undefined when no recipient matches, or the message is no longer queued. */
  byFacts(message: MessageHandle): ChosenMessage | undefined {
    const { manager, queueName, store } = this.#parts;
    const all = manager.scheduler.recipientsOf(message);
    const [first] = all;
    if (first === undefined) return undefined;
    const { queueId } = first;
    const receivedAtMs = manager.receivedAtMs(message);
    const isDamaged = store.isDamaged(queueId);
    const ref = this.#looksAtQueues ? store.locate(queueId) : undefined;
    const queue = ref === undefined ? undefined : queueName(ref.store);
    const recipients = all.filter(({ domain, tenant, state, isHeld, route }) =>
      this.#matcher.matchesFacts({
        queueId,
        receivedAtMs,
        domain,
        tenant,
        queue,
        state: isDamaged ? 'damaged' : state,
        isHeld: isHeld && !isDamaged,
        routeName: this.#looksAtRoutes ? routeNameIn(route) : undefined,
      }),
    );
    return recipients.length === 0 ? undefined : { message, queueId, recipients };
  }

  /**
   * Reads the addresses of a message that was chosen by its facts, and chooses by them. An address that cannot be read any
   * more is `?`: its recipient is counted, so it can be changed.
   */
  async byAddresses({ message, queueId }: ChosenMessage): Promise<ChosenMessage | undefined> {
    const { scheduler } = this.#parts.manager;
    const envelope = await this.#envelope(message, queueId);
    // Meanwhile the message may have left the queue, or have another state.
    if (envelope === 'gone' || !scheduler.isQueued(message, queueId)) return undefined;
    const chosen = this.byFacts(message);
    if (chosen === undefined) return undefined;
    const sender = envelope?.reversePath ?? '?';
    const addressOf = ({ recipient, domain }: RecipientFacts): string =>
      envelope?.recipients[recipient]?.address ?? `?@${domain}`;
    // All recipients of a message are held, or none.
    const quarantine = chosen.recipients.some(({ isHeld }) => isHeld) ? envelope?.quarantine : undefined;
    if (!this.#matcher.matchesQuarantine(quarantine)) return undefined;
    const recipients = chosen.recipients.filter((each) =>
      this.#matcher.matchesAddresses(sender, addressOf(each)),
    );
    if (recipients.length === 0) return undefined;
    return {
      message,
      queueId,
      recipients,
      sender,
      addresses: recipients.map(addressOf),
      ...(quarantine !== undefined && { quarantine }),
    };
  }

  /** Undefined when it cannot be read. */
  async #envelope(message: MessageHandle, queueId: string): Promise<Envelope | 'gone' | undefined> {
    const { store, reader, unreadable } = this.#parts;
    const ref = store.locate(queueId);
    if (ref === undefined) return 'gone';
    const read = await reader.readEnvelope(ref).catch(() => undefined);
    if (read !== undefined) return read;
    // It may have moved, left the queue, or be damaged.
    const [found] = await unreadable.examine([{ queueId, message }]);
    if (found === undefined) return 'gone';
    if (found.damage !== undefined) return reader.readDamagedEnvelope(queueId, found.ref);
    return reader.readEnvelope(found.ref).catch(() => undefined);
  }
}
