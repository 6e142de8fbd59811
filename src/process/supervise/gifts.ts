// Tells each process what it may have of the supervisor's desks, at its start and after each change.

import { type Child, tell } from './child.ts';
import type { Desks } from './desks.ts';
import { giveCertificates } from './give-certificates.ts';

export class Gifts {
  readonly #desks: Desks;

  /** @param children - those that run */
  constructor(desks: Desks, children: readonly Child[]) {
    this.#desks = desks;
    const { certificates, secrets, srs } = desks;
    srs.onChanged(() => {
      for (const child of children) this.#giveSrs(child);
    });
    certificates.onChanged(() => {
      for (const child of children) giveCertificates(child, certificates);
    });
    secrets.onChanged((names) => {
      for (const child of children) this.#giveSecrets(child);
      // The manager hears whose secrets they are, and lets no host rest that refused the former ones.
      for (const child of children) {
        if (child.name === 'manager') tell(child, { kind: 'renewed', credentials: names });
      }
    });
  }

  /** Environment variables that a process is not to have. */
  hiddenFrom({ name }: Pick<Child, 'name'>): readonly string[] {
    return this.#desks.secrets.hiddenFrom(name);
  }

  /** @param child - its name alone decides: a process cannot ask for anything else */
  give(child: Child): void {
    giveCertificates(child, this.#desks.certificates);
    this.#giveSecrets(child);
    this.#giveSrs(child);
  }

  #giveSrs(child: Child): void {
    const { name } = child;
    if (name !== 'sender' && name !== 'receiver' && name !== 'manager') return;
    tell(child, { kind: 'srs', secrets: this.#desks.srs.secrets });
  }

  #giveSecrets(child: Child): void {
    if (child.name === 'sender') tell(child, { kind: 'secrets', secrets: this.#desks.secrets.secrets });
  }
}
