// What operators were told is in force: the queue ids that are held, or the targets that are suspended. Requests overlap: what
// is asked for last about something decides, also when an earlier request is answered after it was asked.

/** To be called when the answer says that it is in force. */
export type Told = () => void;

export class Promises {
  readonly #inForce = new Set<string>();
  /** The newest request about each. */
  readonly #newest = new Map<string, object>();

  /** Must it be in force, as far as an operator knows? */
  has(what: string): boolean {
    return this.#inForce.has(what);
  }

  /** Something else is asked for from now on: what was in force may be so no more. */
  asked(what: string): Told {
    const request = {};
    this.#newest.set(what, request);
    this.#inForce.delete(what);
    return () => {
      if (this.#newest.get(what) === request) this.#inForce.add(what);
    };
  }
}
