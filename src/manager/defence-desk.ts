// What receivers need one memory for: answers their questions, each by its kind.

import type { Defend, Defended, Learn, NoteRate, VisitEnded } from '../channel/defence-messages.ts';
import type { Config } from '../config/config.ts';
import { BackupDesk, type BackupDeskParts } from './backup/backup-desk.ts';
import { GreylistDesk, type GreylistDeskParts } from './greylist/greylist-desk.ts';
import { RateDesk } from './rate-desk.ts';
import type { VisitDesk } from './visit-desk.ts';

interface AskingChannel {
  post(answer: Defended): void;
  onClosed(callback: () => void): void;
}

export class DefenceDesk {
  readonly greylist: GreylistDesk;
  readonly rates: RateDesk;
  readonly backup: BackupDesk;
  #visits: VisitDesk | undefined;

  constructor(config: Config, parts: GreylistDeskParts & BackupDeskParts) {
    this.greylist = new GreylistDesk(config, parts);
    this.rates = new RateDesk(config, parts);
    this.backup = new BackupDesk(config, parts);
  }

  /** Visits are counted from now on. */
  count(visits: VisitDesk): void {
    this.#visits = visits;
  }

  configure(config: Config): void {
    this.greylist.configure(config);
    this.rates.configure(config);
    this.backup.configure(config);
  }

  /** Takes what a receiver asks or tells. */
  take(message: Defend | NoteRate | Learn | VisitEnded, channel: AskingChannel): void {
    switch (message.kind) {
      case 'noteRate':
        this.rates.note(message.question);
        break;
      case 'learn':
        this.backup.learn(message.address, message.exists);
        break;
      case 'visitEnded':
        this.#visits?.ended(message.number, channel);
        break;
      case 'defend':
        this.#ask(message, channel);
        break;
    }
  }

  stop(): void {
    this.backup.stop();
  }

  async close(): Promise<void> {
    await this.backup.close();
    await this.greylist.close();
  }

  #ask({ id, question }: Defend, channel: AskingChannel): void {
    const answered = (answer: Defended['answer']): void => channel.post({ kind: 'defended', id, answer });
    switch (question.kind) {
      case 'rate':
        answered(this.rates.take(question));
        break;
      case 'greylist':
        void this.greylist.greylist(question).then(answered);
        break;
      case 'etrn':
        void this.backup.etrn(question.node).then(answered);
        break;
      case 'learned':
        void this.backup.learned(question.address).then(answered);
        break;
      case 'visit':
        if (this.#visits === undefined) answered({ kind: 'failing', reason: 'the queue is being recovered' });
        else this.#visits.ask(question, channel, answered);
        break;
    }
  }
}
