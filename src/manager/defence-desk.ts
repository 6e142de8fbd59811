// The defences of all receivers that need one memory: answers what receivers ask, each by its kind.

import type { Defend, Defended } from '../channel/defence-messages.ts';
import type { Config } from '../config/config.ts';
import { GreylistDesk, type GreylistDeskParts } from './greylist/greylist-desk.ts';

export class DefenceDesk {
  readonly greylist: GreylistDesk;

  constructor(config: Config, parts: GreylistDeskParts) {
    this.greylist = new GreylistDesk(config, parts);
  }

  configure(config: Config): void {
    this.greylist.configure(config);
  }

  /** Takes a question of a receiver. */
  take({ id, question }: Defend, post: (answer: Defended) => void): void {
    void this.greylist.greylist(question).then((answer) => post({ kind: 'defended', id, answer }));
  }

  close(): Promise<void> {
    return this.greylist.close();
  }
}
