// Who may hand in mail by QMQP: nobody but those who may relay there, since the protocol is for hosts that one runs oneself.

import { type Answer, goOn, type SessionFacts, type Stage, type Verdict } from '../stage.ts';

const refused: Verdict = {
  kind: 'reject',
  reply: { code: 554, enhanced: '5.7.1', text: 'Only clients that may relay may hand in mail by QMQP' },
};

export class QmqpClientsStage implements Stage {
  readonly name = 'qmqp-clients';

  connect({ client }: SessionFacts): Answer {
    return client.mayRelay ? goOn : refused;
  }
}
