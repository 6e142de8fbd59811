// Passes accepted messages to the manager.

import type { Link } from '../../channel/link.ts';
import type { Submitted } from '../../channel/messages.ts';
import type { AcceptedMessage, Intake } from '../../receive/types.ts';

export class ManagerIntake implements Intake {
  readonly #link: Link<Submitted>;

  constructor(link: Link<Submitted>) {
    this.#link = link;
  }

  submitted(message: AcceptedMessage): void {
    this.#link.post({ kind: 'submitted', ...message });
  }

  get congested(): boolean {
    return this.#link.congested;
  }

  whenDrained(callback: () => void): void {
    this.#link.whenDrained(callback);
  }
}
