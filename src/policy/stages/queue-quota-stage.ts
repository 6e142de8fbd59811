// Refuses at MAIL what has no room in the queue of its tenant, so that its content does not have to be sent first. The room is taken when the
// message is complete (`receive/message-room.ts`).

import { fullQueue, queueUnknown } from '../room/queue-replies.ts';
import type { RoomGate } from '../room/room-gate.ts';
import { type Answer, goOn, type MailFacts, type Stage } from '../stage.ts';

export class QueueQuotaStage implements Stage {
  readonly name = 'queue-quota';
  readonly #gate: Pick<RoomGate, 'isLimited' | 'ledger'>;

  constructor(gate: Pick<RoomGate, 'isLimited' | 'ledger'>) {
    this.#gate = gate;
  }

  mail({ transaction }: MailFacts): Answer {
    const { tenant, params } = transaction;
    if (!this.#gate.isLimited(tenant)) return goOn;
    const mail = { queueId: '', tenant, sizeBytes: params.sizeBytes };
    return this.#gate.ledger.reserve(mail, true).then((answer) => {
      if (answer.kind === 'reserved') return goOn;
      const reply = answer.kind === 'full' ? fullQueue(answer.full, mail.sizeBytes) : queueUnknown;
      return { kind: reply.code < 500 ? 'tempfail' : 'reject', reply };
    });
  }
}
