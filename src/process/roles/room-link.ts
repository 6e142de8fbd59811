// Room in the quarantine and in the queue for a receiver's process: asks the manager, which alone counts, over the receiver's link. Promises: every
// question ends, while the manager is away or silent with an answer that says so; room that came too late is given up.

import type {
  FullDomainsTold,
  FullQueuesTold,
  GiveUpRoom,
  ReserveRoom,
  RoomAnswered,
} from '../../channel/room-messages.ts';
import { Deadlines } from '../../io/deadlines.ts';
import type { MailForRoom, RoomAnswer, RoomLedger, RoomLedgers, RoomPlace } from '../../policy/room/types.ts';
import { ManagerQuestions } from './manager-questions.ts';

export class RoomLink implements RoomLedgers {
  readonly quarantine = this.#ledgerOf('quarantine');
  readonly queue: RoomLedger = {
    ...this.#ledgerOf('queue'),
    isFull: (queue) => this.#fullQueues.has(queue),
    isDomainFull: (domain) => this.#fullDomains.has(domain),
  };
  #fullQueues: ReadonlySet<string> = new Set();
  readonly #fullDomains = new Set<string>();
  readonly #post: (message: ReserveRoom | GiveUpRoom) => void;
  readonly #questions: ManagerQuestions<RoomAnswer>;
  /** How to give up the room of questions whose answer comes too late to be waited for, by their numbers. */
  readonly #asked = new Map<number, GiveUpRoom>();

  constructor(post: (message: ReserveRoom | GiveUpRoom) => void, deadlines = new Deadlines()) {
    this.#post = post;
    this.#questions = new ManagerQuestions<RoomAnswer>(deadlines, (reason) => ({ kind: 'failing', reason }));
  }

  take(message: RoomAnswered | FullQueuesTold | FullDomainsTold): void {
    if (message.kind === 'fullDomains') {
      for (const domain of message.full) this.#fullDomains.add(domain);
      for (const domain of message.free) this.#fullDomains.delete(domain);
      return;
    }
    if (message.kind === 'fullQueues') {
      this.#fullQueues = new Set(message.queues);
      return;
    }
    const { id, answer } = message;
    const giveUp = this.#asked.get(id);
    this.#asked.delete(id);
    if (this.#questions.answered(id, answer)) return;
    if (answer.kind === 'reserved' && giveUp !== undefined) this.#post(giveUp);
  }

  /** A manager tells a receiver that links which queues and domains are full, if any is. */
  linked(): void {
    this.#fullQueues = new Set();
    this.#fullDomains.clear();
    this.#questions.linked();
  }

  lost(): void {
    this.#asked.clear();
    this.#questions.lost();
  }

  #ledgerOf(place: RoomPlace): RoomLedger {
    return {
      reserve: (mail, isTrial) => this.#reserve(place, mail, isTrial),
      giveUp: (queueId) => this.#post({ kind: 'giveUp', place, queueId }),
    };
  }

  #reserve(place: RoomPlace, mail: MailForRoom, isTrial = false): Promise<RoomAnswer> {
    return this.#questions.ask((id) => {
      if (!isTrial) this.#asked.set(id, { kind: 'giveUp', place, queueId: mail.queueId });
      this.#post({ kind: 'reserve', place, id, mail, ...(isTrial && { isTrial }) });
    });
  }
}
