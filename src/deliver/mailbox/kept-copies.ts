// Copies that were put into mailboxes of mail that goes on as well. The manager may not be able to store what goes on; then the delivery is repeated,
// and the mailbox must not get the message once more.

const mostKept = 10_000;

export class KeptCopies {
  readonly #paths = new Map<string, string>();

  /** @returns the file of the copy; undefined: there is none */
  of(queueId: string, address: string): string | undefined {
    return this.#paths.get(keyOf(queueId, address));
  }

  add(queueId: string, address: string, path: string): void {
    this.#paths.set(keyOf(queueId, address), path);
    for (const [oldest] of this.#paths) {
      if (this.#paths.size <= mostKept) break;
      this.#paths.delete(oldest);
    }
  }
}

function keyOf(queueId: string, address: string): string {
  return `${queueId} ${address}`;
}
