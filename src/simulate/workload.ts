// What is sent when: messages in columns, so that millions of them cost their numbers only. Times are ms after the
// beginning of the simulation.

/** One message. */
export interface Send {
  readonly atMs: number;
  readonly from: string;
  /** Recipient domains, lower-case A-labels; one for each recipient. */
  readonly to: readonly string[];
  /** Name of the tenant; undefined: the sender decides. */
  readonly tenant: string | undefined;
  /** -9 to 9; undefined: the tenant's. */
  readonly priority: number | undefined;
  readonly sizeBytes: number;
}

const noPriority = 100;

/** Names, each kept once and known by its number. */
export class Names {
  readonly list: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.list.length;
      this.#numbers.set(name, number);
      this.list.push(name);
    }
    return number;
  }

  name(number: number): string {
    return this.list[number] ?? '';
  }
}

/** Messages have numbers from 0, in the order in which they were added. */
export class Workload {
  readonly domains = new Names();
  readonly tenants = new Names();
  readonly senders = new Names();
  readonly #atMs: number[] = [];
  readonly #sender: number[] = [];
  /** -1: the sender decides. */
  readonly #tenant: number[] = [];
  readonly #priority: number[] = [];
  readonly #sizeBytes: number[] = [];
  /** Place of the first recipient; one more at the end. */
  readonly #firstRecipient: number[] = [0];
  readonly #domain: number[] = [];

  get messages(): number {
    return this.#atMs.length;
  }

  get recipients(): number {
    return this.#domain.length;
  }

  add({ atMs, from, to, tenant, priority, sizeBytes }: Send): void {
    this.#atMs.push(atMs);
    this.#sender.push(this.senders.numberOf(from));
    this.#tenant.push(tenant === undefined ? -1 : this.tenants.numberOf(tenant));
    this.#priority.push(priority ?? noPriority);
    this.#sizeBytes.push(sizeBytes);
    for (const domain of to) this.#domain.push(this.domains.numberOf(domain));
    this.#firstRecipient.push(this.#domain.length);
  }

  atMs(message: number): number {
    return this.#atMs[message] as number;
  }

  sender(message: number): number {
    return this.#sender[message] as number;
  }

  /** Number of the tenant's name; -1: the sender decides. */
  tenant(message: number): number {
    return this.#tenant[message] as number;
  }

  /** Undefined: the tenant's. */
  priority(message: number): number | undefined {
    const priority = this.#priority[message];
    return priority === noPriority ? undefined : priority;
  }

  sizeBytes(message: number): number {
    return this.#sizeBytes[message] as number;
  }

  /** Place of a recipient among all recipients of the workload. */
  place(message: number, recipient: number): number {
    return (this.#firstRecipient[message] as number) + recipient;
  }

  recipientsOf(message: number): number {
    return (this.#firstRecipient[message + 1] as number) - (this.#firstRecipient[message] as number);
  }

  /** Number of the name of the domain at a place. */
  domainAt(place: number): number {
    return this.#domain[place] as number;
  }

  /** All messages by time; equal times as they were added. */
  inOrder(): Uint32Array {
    const order = new Uint32Array(this.messages);
    let isSorted = true;
    for (let message = 0; message < order.length; message++) {
      order[message] = message;
      if (message > 0 && this.atMs(message) < this.atMs(message - 1)) isSorted = false;
    }
    return isSorted ? order : order.sort((left, right) => this.atMs(left) - this.atMs(right) || left - right);
  }

  /** Times begin with the first message. */
  startAtZero(): void {
    let first = Infinity;
    for (const atMs of this.#atMs) first = Math.min(first, atMs);
    for (let message = 0; message < this.messages; message++)
      this.#atMs[message] = this.atMs(message) - first;
  }
}
