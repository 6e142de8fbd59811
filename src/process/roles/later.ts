// Something that is being made: what is asked of it meanwhile is done when it is there, in order.

export class Later<Thing> {
  #thing: Thing | undefined;
  readonly #waiting: ((thing: Thing) => void)[] = [];

  /** It is there. To be called once. */
  isThere(thing: Thing): void {
    this.#thing = thing;
    for (const action of this.#waiting.splice(0)) action(thing);
  }

  /** Calls back at once if it is there, else when it is. */
  whenThere(action: (thing: Thing) => void): void {
    if (this.#thing === undefined) this.#waiting.push(action);
    else action(this.#thing);
  }
}
