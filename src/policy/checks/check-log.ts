// The lines `checked` of one message in the log. Promises: a sender cannot make many of them. Each rule has a few, and one with the count of the others.

import type { Events } from '../../log/events.ts';
import type { MailFacts } from '../stage.ts';
import type { CheckAction, CheckPlace } from './types.ts';

/** Longer lines of a message are cut in the log. */
const mostCharacters = 200;

interface RuleCount {
  readonly rule: string;
  readonly action: string;
  /** That of the line with the count: `not done`, or none. */
  readonly text: string | undefined;
  logged: number;
  more: number;
}

export class CheckLog {
  readonly #stage: string;
  readonly #events: Pick<Events, 'happened'>;
  readonly #facts: MailFacts;
  readonly #mostLines: number;
  readonly #counts = new Map<string, RuleCount>();

  /** @param mostLines - of each rule */
  constructor(stage: string, events: Pick<Events, 'happened'>, facts: MailFacts, mostLines: number) {
    this.#mostLines = mostLines;
    this.#stage = stage;
    this.#events = events;
    this.#facts = facts;
  }

  /** @param fault - why nothing was done: a clause */
  line(action: CheckAction, place: CheckPlace, line: string, fault?: string): void {
    if (this.#facts.isTrial) return;
    const { rule, word } = action;
    const key = `${rule} ${word}${fault === undefined ? '' : ' not done'}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      const text = fault === undefined ? undefined : 'not done';
      count = { rule, action: word.toLowerCase(), text, logged: 0, more: 0 };
      this.#counts.set(key, count);
    }
    if (count.logged === this.#mostLines) {
      count.more++;
      return;
    }
    count.logged++;
    this.#events.happened('checked', {
      stage: this.#stage,
      rule,
      action: count.action,
      text: fault === undefined ? action.text : `not done: ${fault}`,
      place,
      line: line.slice(0, mostCharacters),
      ...this.#mail(),
    });
  }

  /** Logs how many lines were left out since the last call. */
  end(): void {
    for (const count of this.#counts.values()) {
      const { rule, action, text, more } = count;
      if (more === 0) continue;
      count.more = 0;
      this.#events.happened('checked', { stage: this.#stage, rule, action, text, more, ...this.#mail() });
    }
  }

  #mail() {
    const { client, helo, transaction } = this.#facts;
    return {
      id: transaction.queueId,
      from: transaction.reversePath,
      client: client.address === '' ? undefined : client.address,
      helo,
    };
  }
}
