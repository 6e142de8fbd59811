// Who may use a listener at all, where it is for hosts that one runs oneself: nobody but those who may relay there.

import { type Answer, goOn, type SessionFacts, type Stage, type Verdict } from '../stage.ts';

export class OwnClientsStage implements Stage {
  readonly name: string;
  readonly #refused: Verdict;

  /** @param text - why others are refused */
  constructor(name: string, text: string) {
    this.name = name;
    this.#refused = { kind: 'reject', reply: { code: 554, enhanced: '5.7.1', text } };
  }

  connect({ client }: SessionFacts): Answer {
    return client.mayRelay ? goOn : this.#refused;
  }
}

/** Mail comes back from a content filter, and all other checks are left out. */
export const filterClients = new OwnClientsStage(
  'filter-clients',
  'Only filters of this server may connect here',
);

/** Whoever hands in mail by QMQP may send to anyone. */
export const qmqpClients = new OwnClientsStage(
  'qmqp-clients',
  'Only clients that may relay may hand in mail by QMQP',
);
