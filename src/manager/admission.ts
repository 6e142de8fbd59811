// Adds messages to the scheduler: new ones as receivers report them, old ones as recovery finds them. Keeps the facts about
// each message that the manager needs, by its handle.

import type { DatedClock } from '../io/steady-clock.ts';
import { localRefusal } from '../message/refusal.ts';
import { type EncodedRefusal, encodeRefusal } from '../message/refusal-form.ts';
import { limitText } from '../policy/sending/sending-text.ts';
import type { SendingTurn } from '../policy/sending/types.ts';
import type { RouteKey } from '../route/types.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { Outcome, RecoveredMessage, SpoolStore } from '../spool/types.ts';
import type { Submitted } from '../channel/messages.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { QueueDesk } from './queue-desk.ts';
import type { QueueTallies } from './queue-tallies.ts';
import type { RouterInForce } from './ports.ts';
import { type AskedRoutes, isAskedAbout } from './plugins/asked-routes.ts';
import { wayAtOnce } from './route-of.ts';
import { WarnedMessages } from './warned-messages.ts';

/** Who counts what comes under the manager. */
interface AdmissionDesks {
  readonly quarantine?: Pick<QuarantineDesk, 'admitted'>;
  readonly queues?: Pick<QueueDesk, 'admitted'>;
  readonly tallies?: Pick<QueueTallies, 'admitted'>;
}

export class Admission {
  readonly #routing: RouterInForce;
  readonly #scheduler: Scheduler;
  readonly #store: SpoolStore;
  readonly #clock: DatedClock;
  readonly #asked: AskedRoutes;
  /** Dates of acceptance (Unix ms) for people, by message handle. */
  readonly #receivedAtMs: number[] = [];
  /** Queue ids of messages at their first attempt: the scheduler keeps ids as numbers, and making the text takes time. */
  readonly #freshIds: (string | undefined)[] = [];

  readonly #quarantine: Pick<QuarantineDesk, 'admitted'> | undefined;
  readonly #queues: Pick<QueueDesk, 'admitted'> | undefined;
  readonly #tallies: Pick<QueueTallies, 'admitted'> | undefined;
  /** Messages that were released from routes that hold mail. */
  readonly #passHolds = new Set<MessageHandle>();
  /** Which senders were warned that their message waits. */
  readonly warned = new WarnedMessages();

  constructor(
    scheduler: Scheduler,
    store: SpoolStore,
    routing: RouterInForce,
    clock: DatedClock,
    asked: AskedRoutes,
    desks: AdmissionDesks = {},
  ) {
    this.#asked = asked;
    this.#quarantine = desks.quarantine;
    this.#queues = desks.queues;
    this.#tallies = desks.tallies;
    this.#scheduler = scheduler;
    this.#store = store;
    this.#routing = routing;
    this.#clock = clock;
  }

  /** Adds a message that was in the queue before this start. */
  recovered(message: RecoveredMessage): MessageHandle {
    const routes = message.waiting.map(({ address, index }) => this.#routeOf(message, address, index));
    const receivedAtMs = this.#clock.steadyOf(message.receivedAtMs);
    const handle = this.#begin(message, routes, message.held, receivedAtMs);
    this.#quarantine?.admitted(message, message.waiting.length, message.held);
    for (const [at, waiting] of message.waiting.entries()) {
      const route = this.#untilAnswered(handle, message, waiting.index, routes[at] as RouteKey);
      this.#scheduler.add(handle, {
        recipient: waiting.index,
        route: route.key,
        domain: route.domain,
        attempts: waiting.attempts,
        nextAttemptAtMs: waiting.nextAttemptAtMs === 0 ? 0 : this.#clock.steadyOf(waiting.nextAttemptAtMs),
        lastRefusal: waiting.lastRefusal,
      });
    }
    this.#scheduler.commit(handle, this.#clock.nowMs());
    return handle;
  }

  /**
   * Adds a message that a receiver has just put on stable storage.
   * @param nowMs - scheduler time
   * @returns false when it is known: after a restart of the manager, receivers report messages again that recovery has found
   */
  submitted(message: Submitted, nowMs: number): boolean {
    if (!this.#store.submitted(message.queueId, message.ref, message.recipients.length)) return false;
    const routes = message.recipients.map((address, index) => this.#routeOf(message, address, index));
    const isHeld = message.quarantine !== undefined;
    const handle = this.#begin(message, routes, isHeld, this.#clock.receivedMs(message.receivedAtMs));
    this.#freshIds[handle] = message.queueId;
    this.#quarantine?.admitted(message, message.recipients.length, isHeld);
    const nextAttemptAtMs = message.turn?.ms ?? 0;
    const lastRefusal = message.turn === undefined ? '' : pacedRefusal(message.turn);
    for (const [recipient, usual] of routes.entries()) {
      const route = this.#untilAnswered(handle, message, recipient, usual);
      this.#scheduler.add(handle, {
        recipient,
        route: route.key,
        domain: route.domain,
        attempts: 0,
        nextAttemptAtMs,
        lastRefusal,
      });
    }
    this.#scheduler.commit(handle, nowMs);
    return true;
  }

  /** What the journal has to know of a message that waits for its turn. */
  pacedOutcomes({ queueId, recipients }: Submitted, turn: SendingTurn): readonly Outcome[] {
    const nextAttemptAtMs = this.#clock.dateOf(turn.ms);
    const refusal = pacedRefusal(turn);
    return recipients.map((_, recipient) => ({
      kind: 'deferred',
      queueId,
      recipient,
      attempts: 0,
      nextAttemptAtMs,
      refusal,
    }));
  }

  /** Date of acceptance, Unix ms. */
  receivedAtMs(message: MessageHandle): number {
    return this.#receivedAtMs[message] ?? 0;
  }

  /** Was it released from routes that hold mail? */
  passesHolds(message: MessageHandle): boolean {
    return this.#passHolds.has(message);
  }

  /** It is released from routes that hold mail, from now on; whoever says so journals it and looks its routes up anew. */
  letPassHolds(message: MessageHandle): void {
    this.#passHolds.add(message);
  }

  queueIdOf(message: MessageHandle): string {
    return this.#freshIds[message] ?? this.#scheduler.queueIdOf(message);
  }

  /** Stops keeping the id as text, for a message that waits for another attempt or is done. */
  forgetId(message: MessageHandle): void {
    this.#freshIds[message] = undefined;
  }

  /** Its key is empty where the route cannot be told at once. */
  #routeOf(message: RecoveredMessage | Submitted, address: string, index: number): RouteKey {
    const { reversePath, tenant = '', tlsDemand, copies, routes, verp, user = '' } = message;
    const isCopy = copies?.includes(index) === true;
    // Between processes, nothing in a list becomes null.
    const chosen = routes?.[index] ?? undefined;
    const passesHolds = isPassingHolds(message);
    const recipient = { reversePath, tenant, tlsDemand, address, isCopy, chosen, verp, passesHolds, user };
    const found = wayAtOnce(this.#routing, recipient);
    if (found !== undefined && 'route' in found) return found.route;
    // A table has to be waited for, or cannot answer: it is asked again as a plugin is.
    const { domain } = this.#routing.router.routeOf(reversePath, address);
    return { key: '', domain };
  }

  /** Where plugins or tables have to be waited for, the route that stands for the question. */
  #untilAnswered(
    message: MessageHandle,
    { queueId, tlsDemand }: RecoveredMessage | Submitted,
    recipient: number,
    route: RouteKey,
  ): RouteKey {
    const isOpen = route.key === '';
    if (!isOpen && (!this.#asked.isOn || !isAskedAbout(route.key))) return route;
    return this.#asked.routeOf({ message, queueId, recipient, domain: route.domain, tlsDemand });
  }

  #begin(
    message: RecoveredMessage | Submitted,
    routes: readonly RouteKey[],
    held: boolean,
    receivedAtMs: number,
  ): MessageHandle {
    const { queueId, ref, tenant } = message;
    const priority = message.priority ?? highestOf(routes);
    const nullSender = message.reversePath === '';
    const handle = this.#scheduler.begin({
      queueId,
      tenant,
      priority,
      receivedAtMs,
      nullSender,
      held,
      store: ref.store,
    });
    this.#receivedAtMs[handle] = message.receivedAtMs;
    const domains = routes.map(({ domain }) => domain);
    this.#queues?.admitted(handle, message, domains);
    this.#tallies?.admitted(handle, ref.store);
    // A handle may be that of an earlier message.
    this.#passHolds.delete(handle);
    if (isPassingHolds(message)) this.#passHolds.add(handle);
    this.warned.admitted(handle, nullSender, 'warnedAfterMs' in message ? message.warnedAfterMs : undefined);
    this.#freshIds[handle] = undefined;
    if (this.#asked.isOn) this.#asked.mark(handle);
    return handle;
  }
}

function isPassingHolds(message: RecoveredMessage | Submitted): boolean {
  return 'passesHolds' in message && message.passesHolds === true;
}

/** Why the queue's list says that it waits. No attempt has failed, so it has no code. */
function pacedRefusal({ limit }: SendingTurn): EncodedRefusal {
  const text = `waits for a sending limit, ${limitText(limit)}`;
  return encodeRefusal(localRefusal({ during: 'queue', code: 0, enhanced: '', text, permanent: false }));
}

/** The highest priority that routes give to messages without one. */
function highestOf(routes: readonly RouteKey[]): number | undefined {
  let highest: number | undefined;
  for (const { priority } of routes) {
    if (priority !== undefined && (highest === undefined || priority > highest)) highest = priority;
  }
  return highest;
}
