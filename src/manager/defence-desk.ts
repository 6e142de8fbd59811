// The defences of all receivers that need one memory: answers what receivers ask, each by its kind.

import type { Defend, Defended, NoteRate } from '../channel/defence-messages.ts';
import type { Config } from '../config/config.ts';
import { GreylistDesk, type GreylistDeskParts } from './greylist/greylist-desk.ts';
import { RateDesk } from './rate-desk.ts';

export class DefenceDesk {
  readonly greylist: GreylistDesk;
  readonly rates: RateDesk;

  constructor(config: Config, parts: GreylistDeskParts) {
    this.greylist = new GreylistDesk(config, parts);
    this.rates = new RateDesk(config, parts);
  }

  configure(config: Config): void {
    this.greylist.configure(config);
    this.rates.configure(config);
  }

  /** Takes what a receiver asks or tells. */
  take(message: Defend | NoteRate, post: (answer: Defended) => void): void {
    if (message.kind === 'noteRate') {
      this.rates.note(message.question);
      return;
    }
    const { id, question } = message;
    if (question.kind === 'rate') post({ kind: 'defended', id, answer: this.rates.take(question) });
    else void this.greylist.greylist(question).then((answer) => post({ kind: 'defended', id, answer }));
  }

  close(): Promise<void> {
    return this.greylist.close();
  }
}
