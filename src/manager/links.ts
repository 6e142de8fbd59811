// The channels of the other roles: hands each batch to the part that handles it, in the order of arrival.

import type { Channel } from '../channel/channel.ts';
import type {
  ControlToManager,
  Pop3ToManager,
  Hello,
  ManagerToReceiver,
  ManagerToSender,
  ReceiverToManager,
  Response,
  SenderToManager,
  Submitted,
} from '../channel/messages.ts';
import type { Charge, Release } from '../channel/sending-messages.ts';
import type { Defend, Learn, NoteRate, VisitEnded } from '../channel/defence-messages.ts';
import type { Timers } from '../io/timers.ts';
import type { AggregatedPortion } from '../reports/dmarc-collector.ts';
import type { DefenceDesk } from './defence-desk.ts';
import type { LinkedRoles } from './linked-roles.ts';
import type { Storms } from './diversions/storms.ts';
import type { Manager } from './manager.ts';
import type { OnwardDesk } from './onward/onward-desk.ts';
import type { Operations } from './operations.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import type { QueueDesk } from './queue-desk.ts';
import type { RateState } from './rate-state.ts';
import type { CountingRole, RoleCounters } from './role-counters.ts';
import { ownSerial, type Senders } from './senders.ts';
import type { SendingDesk } from './sending-desk.ts';
import { ToldMailboxes } from './told-mailboxes.ts';

/** The manager's end of a link, of which it is not known yet whose it is. */
type RoleChannel = Channel<
  ManagerToReceiver | ManagerToSender | Response,
  ReceiverToManager | SenderToManager | ControlToManager
>;

/** A role says hello in the moment in which it connects. */
const helloMs = 1_000;

export interface LinksParts {
  readonly timers: Timers;
  readonly manager: Manager;
  readonly onward: Pick<OnwardDesk, 'take'>;
  readonly senders: Senders;
  readonly operations: Operations;
  readonly linked: LinkedRoles;
  readonly rates: RateState;
  readonly sending: SendingDesk;
  readonly defences: DefenceDesk;
  readonly quarantine: QuarantineDesk;
  readonly queues: QueueDesk;
  readonly counters: RoleCounters;
  readonly storms: Pick<Storms, 'arrived'>;
  /** Takes what receivers found out about mail. */
  readonly reports: { aggregated(portion: AggregatedPortion): void };
}

type ReceiverChannel = Channel<ManagerToReceiver, ReceiverToManager>;

export class Links {
  readonly #parts: LinksParts;
  /** Roles have connected, and their hello is on its way. */
  readonly #unknown = new Set<RoleChannel>();
  readonly #mailboxes = new ToldMailboxes();
  #whenAllKnown: (() => void)[] = [];
  #draining = false;

  constructor(parts: LinksParts) {
    this.#parts = parts;
  }

  /** @param serial - serial of its process; none when the receiver runs in the manager's process */
  addReceiver(channel: ReceiverChannel, serial = ownSerial): void {
    this.#parts.linked.add('receiver', channel);
    this.#parts.operations.receivers.add(channel);
    this.#mailboxes.add(channel);
    this.#parts.queues.rooms.addReceiver(channel);
    this.#parts.queues.domainRooms.addReceiver(channel);
    channel.receive((batch) => this.#received(channel, batch, serial));
  }

  /** @param serial - serial of its process; none when the sender runs in the manager's process */
  addSender(channel: Channel<ManagerToSender, SenderToManager>, serial = ownSerial): void {
    this.#parts.linked.add('sender', channel);
    channel.receive((batch) => this.#reported(batch, serial));
    this.#parts.senders.add(channel, serial);
  }

  /** It only tells what it counts, and which mailboxes have room again. */
  addPop3(
    channel: Channel<never, Pop3ToManager>,
    serial = ownSerial,
    rest: readonly Pop3ToManager[] = [],
  ): void {
    const take = (batch: readonly Pop3ToManager[]): void => {
      this.#count('pop3', batch, serial);
      for (const message of batch) if (message.kind === 'mailbox') this.#mailboxes.take(message);
    };
    channel.receive(take);
    take(rest);
  }

  /** @param rest - the messages behind the hello in its first batch */
  addControl(channel: Channel<Response, ControlToManager>, rest: readonly ControlToManager[] = []): void {
    const answerer = this.#parts.operations.answerer((response) => channel.post(response));
    const take = (batch: readonly ControlToManager[]): void => {
      // A hello has been handled by introduce().
      for (const message of batch) if (message.kind !== 'hello') answerer.take(message);
    };
    channel.onClosed(() => answerer.lost());
    channel.receive(take);
    take(rest);
  }

  /** A role has connected. Its hello comes next. */
  connected(channel: RoleChannel): void {
    this.#unknown.add(channel);
    channel.onClosed(() => this.#isKnown(channel));
  }

  /**
   * Resolves when each role that has connected has said hello, or is gone: a sender whose link broke while Sluice stops connects again, to
   * say what it has delivered, and may have ended since.
   */
  allKnown(): Promise<void> {
    if (this.#unknown.size === 0) return Promise.resolve();
    const { timers } = this.#parts;
    return new Promise((resolve) => {
      const timer = timers.setTimeout(resolve, helloMs);
      this.#whenAllKnown.push(() => {
        timers.clear(timer);
        resolve();
      });
    });
  }

  /** Adds the channel of a role that has said hello. @param rest - the messages behind the hello in its first batch */
  introduce(
    hello: Hello,
    channel: RoleChannel,
    rest: readonly (ReceiverToManager | SenderToManager | ControlToManager)[],
  ): void {
    if (hello.role !== 'control' && hello.counters !== undefined) {
      this.#parts.counters.told(hello.role, hello.serial, hello.counters);
    }
    switch (hello.role) {
      case 'receiver':
        this.addReceiver(channel as ReceiverChannel, hello.serial);
        this.#received(channel as ReceiverChannel, rest as readonly ReceiverToManager[], hello.serial);
        break;
      case 'sender':
        // In this order: first lost transactions go back to the queue, then deliveries are settled, then grants may begin.
        this.#parts.manager.senderReturned(hello.delivered ?? [], this.#draining, () =>
          this.#parts.senders.hasClosed(hello.serial),
        );
        this.addSender(channel as Channel<ManagerToSender, SenderToManager>, hello.serial);
        this.#count('sender', rest as readonly SenderToManager[], hello.serial);
        break;
      case 'pop3':
        this.addPop3(
          channel as Channel<never, Pop3ToManager>,
          hello.serial,
          rest as readonly Pop3ToManager[],
        );
        break;
      case 'control':
        this.addControl(channel as Channel<Response, ControlToManager>, rest as readonly ControlToManager[]);
        break;
      default:
        hello.role satisfies never;
    }
    this.#isKnown(channel);
  }

  /** Sluice stops: from now on, transactions that senders did not begin count as never granted. */
  drain(): void {
    this.#draining = true;
  }

  #isKnown(channel: RoleChannel): void {
    this.#unknown.delete(channel);
    if (this.#unknown.size === 0) for (const resolve of this.#whenAllKnown.splice(0)) resolve();
  }

  #received(channel: ReceiverChannel, batch: readonly ReceiverToManager[], serial: number): void {
    this.#count('receiver', batch, serial);
    for (const message of batch) {
      if (isAboutSending(message)) this.#parts.sending.take(message, (answer) => channel.post(answer));
      else if (message.kind === 'reserve' || message.kind === 'giveUp')
        (message.place === 'queue' ? this.#parts.queues : this.#parts.quarantine).take(message, channel);
      else if (isAboutDefence(message)) this.#parts.defences.take(message, channel);
      else if (message.kind === 'aggregated') this.#parts.reports.aggregated(message);
      else if (message.kind === 'response' || message.kind === 'parts')
        this.#parts.operations.receivers.take(channel, message);
    }
    const submitted = batch.filter(isSubmitted);
    if (submitted.length === 0) return;
    this.#parts.manager.submitted(submitted);
    this.#parts.storms.arrived(submitted);
    this.#parts.rates.touched();
  }

  #reported(batch: readonly SenderToManager[], serial: number): void {
    this.#count('sender', batch, serial);
    for (const message of batch) if (message.kind === 'mailbox') this.#mailboxes.take(message);
    // A transaction that a stop prevented is no attempt: its recipients stay in the spool as they are, and need not wait after
    // the next start.
    this.#parts.onward.take(this.#draining ? batch.filter((report) => !isUnused(report)) : batch);
    this.#parts.rates.touched();
  }

  #count(role: CountingRole, batch: readonly (ReceiverToManager | SenderToManager)[], serial: number): void {
    for (const message of batch) {
      if (message.kind === 'counters') this.#parts.counters.told(role, serial, message.counters);
      else if (message.kind === 'errandRun') this.#parts.senders.errandRun(message);
    }
  }
}

function isAboutSending(message: ReceiverToManager): message is Charge | Release {
  return message.kind === 'charge' || message.kind === 'release';
}

function isAboutDefence(message: ReceiverToManager): message is Defend | NoteRate | Learn | VisitEnded {
  return (
    message.kind === 'defend' ||
    message.kind === 'noteRate' ||
    message.kind === 'learn' ||
    message.kind === 'visitEnded'
  );
}

function isSubmitted(message: ReceiverToManager): message is Submitted {
  switch (message.kind) {
    case 'submitted':
      return true;
    case 'charge': // has been taken by the desk
    case 'release':
    case 'reserve':
    case 'giveUp':
    case 'defend':
    case 'noteRate':
    case 'learn':
    case 'visitEnded':
    case 'aggregated': // has been taken
    case 'response':
    case 'parts':
    case 'counters': // have been taken by #count()
    case 'hello': // has been handled by introduce()
      return false;
    default:
      message satisfies never;
      return false;
  }
}

function isUnused(report: SenderToManager): boolean {
  return report.kind === 'closed' && report.report.kind === 'unused';
}
