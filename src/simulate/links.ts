// The connections of a simulation that are open: found by the scheduler's handle, and by the number that their events
// carry. Numbers are used again; an event of an earlier turn of its connection is void.

import type { EffectOf } from '../schedule/drive.ts';
import type { ConnectionHandle } from '../schedule/types.ts';
import type { Host } from './host.ts';
import { Link } from './link.ts';
import { broken } from './simulation-error.ts';

export class Links {
  #byHandle: (Link | undefined)[] = [];
  readonly #byNumber: (Link | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #turns = 0;

  get count(): number {
    return this.#byNumber.length - this.#freeNumbers.length;
  }

  open(effect: EffectOf<'connect'>, machine: Host): Link {
    if (this.#byHandle[effect.connection] !== undefined)
      broken(`connection ${effect.connection} is opened twice`);
    const number = this.#freeNumbers.pop() ?? this.#byNumber.length;
    const link = new Link(number, effect, machine);
    this.#byNumber[number] = link;
    this.#byHandle[effect.connection] = link;
    return link;
  }

  close(link: Link): void {
    link.turn = -1;
    this.#byHandle[link.connection] = undefined;
    this.#byNumber[link.number] = undefined;
    this.#freeNumbers.push(link.number);
  }

  of(connection: ConnectionHandle): Link {
    return this.#byHandle[connection] ?? broken(`connection ${connection} is used but not open`);
  }

  /** The connection that an event of this number and turn is about; undefined: the event is void. */
  inTurn(number: number, turn: number): Link | undefined {
    const link = this.#byNumber[number];
    return link?.turn === turn ? link : undefined;
  }

  /** Starts a new turn: all events of the connection that were put down before are void. */
  nextTurn(link: Link): number {
    this.#turns = (this.#turns + 1) & 0x7fffffff;
    link.turn = this.#turns;
    return this.#turns;
  }

  /** Closes all connections; `visit` is called for each of them. Handles start anew. */
  closeAll(visit: (link: Link) => void): void {
    for (const link of this.#byNumber) {
      if (link === undefined) continue;
      this.close(link);
      visit(link);
    }
    this.#byHandle = [];
  }
}
