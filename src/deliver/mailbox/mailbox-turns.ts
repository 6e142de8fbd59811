// One delivery at a time into a mailbox that has a quota: between the look at what is there and the message, no other one may take the room.

export class MailboxTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Acts when those before it have ended, whatever became of them. */
  run<T>(mailbox: string, act: () => Promise<T>): Promise<T> {
    const before = this.#last.get(mailbox) ?? Promise.resolve();
    const result = before.then(act, act);
    this.#last.set(mailbox, result);
    const ended = (): void => {
      if (this.#last.get(mailbox) === result) this.#last.delete(mailbox);
    };
    void result.then(ended, ended);
    return result;
  }
}
