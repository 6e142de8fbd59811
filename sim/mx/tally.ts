// What a simulated mail exchanger has seen. Tests and the demo compare it with what was sent.

/** The key of one message to one recipient, the same at the submitter and at the destination. */
export function deliveryKey(messageId: string, recipient: string): string {
  return `${messageId} ${recipient}`;
}

export class Tally {
  /** Connections open now, and the highest number at one time. */
  connections = 0;
  maxConnections = 0;
  /** Sessions that were greeted with 220, and sessions that were refused at the greeting. */
  sessions = 0;
  turnedAway = 0;
  messages = 0;
  /** Messages whose last answer was not yet sent when more commands were there (RFC 2920 3.1). */
  followed = 0;
  duplicates = 0;
  /** 4xx and 5xx replies to anything. */
  tempfails = 0;
  permfails = 0;
  readonly perDomain = new Map<string, number>();
  /** How often each delivery has arrived, by `deliveryKey`. */
  readonly deliveries = new Map<string, number>();
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** Resolves once this many different deliveries have arrived. */
  arrived(count: number): Promise<void> {
    if (this.deliveries.size >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  deliver(messageId: string, recipients: readonly string[]): void {
    this.messages++;
    for (const recipient of recipients) {
      const key = deliveryKey(messageId, recipient);
      const before = this.deliveries.get(key) ?? 0;
      this.deliveries.set(key, before + 1);
      if (before > 0) {
        this.duplicates++;
        continue;
      }
      const domain = recipient.slice(recipient.lastIndexOf('@') + 1).toLowerCase();
      this.perDomain.set(domain, (this.perDomain.get(domain) ?? 0) + 1);
    }
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      if (this.#waiting[i]!.count > this.deliveries.size) continue;
      this.#waiting[i]!.resolve();
      this.#waiting.splice(i, 1);
    }
  }
}
