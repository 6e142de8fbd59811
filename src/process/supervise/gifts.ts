// Tells each process what it may have of the supervisor's desks, at its start and after each change.

import type { GivenSocket } from '../../channel/messages.ts';
import { type Child, tell } from './child.ts';
import type { Desks } from './desks.ts';
import { type GivenAtStart, inChild } from './fork-role.ts';
import { giveCertificates } from './give-certificates.ts';
import type { InstanceParts } from './instance.ts';

export class Gifts {
  /** Sockets that the service manager has handed over. */
  readonly sockets: readonly GivenSocket[];
  readonly #desks: Desks;

  /** @param children - those that run */
  constructor({ desks, handed = [] }: Pick<InstanceParts, 'desks' | 'handed'>, children: readonly Child[]) {
    this.#desks = desks;
    this.sockets = handed;
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

  /** What a process has from its start. */
  of({ name }: Pick<Child, 'name'>): Pick<GivenAtStart, 'hidden' | 'sockets'> {
    return {
      hidden: this.#desks.secrets.hiddenFrom(name),
      sockets: name === 'receiver' ? this.sockets : [],
    };
  }

  /** The sockets of a process, with the descriptors that they have there. */
  socketsIn(child: Pick<Child, 'name'>): readonly GivenSocket[] {
    return inChild(this.of(child).sockets);
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
