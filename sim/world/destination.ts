// One simulated mail host, as it is seen from outside: whether it lets a connection in, how slow it is, what it says to
// each recipient, and when it hangs up. It counts what it sees, which is what limits are judged by.

import type { Random } from '../../src/schedule/random.ts';
import type { RecipientResult } from '../../src/schedule/types.ts';

/** What kind of host it is; all chances are in [0, 1]. */
export interface Personality {
  readonly latencyMs: number;
  /** Never answers before this time (Unix ms); Infinity: it is dead. */
  readonly deadUntilMs: number;
  /** Refuses connections above this number, and everyone for `banMs` from then on. */
  readonly maxConnections: number;
  readonly banMs: number;
  /** Chance that a connection is refused without a reason. */
  readonly refuses: number;
  /** A recipient is put off until this long after it was first seen. */
  readonly greylistMs: number;
  /** Chance that a transaction ends with 421 and a closed connection. */
  readonly storms: number;
  /** Chance that it hangs up after the greeting, without a word. */
  readonly dropsReady: number;
  /** Chance that it hangs up in a transaction; half of the time after the message was taken. */
  readonly dropsBusy: number;
  /** Chance that it closes an idle connection. */
  readonly dropsIdle: number;
  /** Chance that a recipient is unknown. */
  readonly rejects: number;
}

/** Always there, never in a bad mood. */
export const friendly: Personality = {
  latencyMs: 50,
  deadUntilMs: 0,
  maxConnections: Infinity,
  banMs: 0,
  refuses: 0,
  greylistMs: 0,
  storms: 0,
  dropsReady: 0,
  dropsBusy: 0,
  dropsIdle: 0,
  rejects: 0,
};

export interface Verdict {
  readonly results: readonly RecipientResult[];
  readonly hangsUp: boolean;
  /** Recipients that it took, whatever the client got to hear. */
  readonly taken: readonly number[];
}

export class Destination {
  readonly personality: Personality;
  /** Connections open now, and the most there ever were. */
  open = 0;
  mostOpen = 0;
  bans = 0;
  #bannedUntilMs = 0;
  readonly #random: Random;
  readonly #firstSeenMs = new Map<string, number>();

  constructor(personality: Personality, random: Random) {
    this.personality = personality;
    this.#random = random;
  }

  /** A client connects. The answer: why not; empty when it may come in. */
  connect(nowMs: number): string {
    const { deadUntilMs, maxConnections, banMs, refuses } = this.personality;
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    if (nowMs < deadUntilMs) return 'connection timed out';
    if (this.open > maxConnections) {
      this.bans += 1;
      this.#bannedUntilMs = nowMs + banMs;
    }
    if (nowMs < this.#bannedUntilMs) return '554 too many connections from your address';
    if (this.#random.next() < refuses) return 'connection refused';
    return '';
  }

  disconnect(): void {
    this.open -= 1;
  }

  /** How long its next answer takes. */
  delayMs(): number {
    return 1 + Math.floor(this.personality.latencyMs * 2 * this.#random.next());
  }

  /** A transaction for these recipients; `nameOf` tells them apart for ever. */
  transact(recipients: readonly number[], nameOf: (recipient: number) => string, nowMs: number): Verdict {
    const random = this.#random;
    const { storms, dropsBusy } = this.personality;
    if (random.next() < storms) {
      return { results: failAll(recipients, '421 4.7.0 try again later'), hangsUp: true, taken: [] };
    }
    const results = recipients.map((recipient) => this.#judge(recipient, nameOf(recipient), nowMs));
    const taken = results.filter(({ result }) => result === 'delivered').map(({ recipient }) => recipient);
    if (random.next() < dropsBusy) {
      const late = random.next() < 0.5;
      return { results: failAll(recipients, 'connection lost'), hangsUp: true, taken: late ? taken : [] };
    }
    return { results, hangsUp: false, taken };
  }

  #judge(recipient: number, name: string, nowMs: number): RecipientResult {
    const { greylistMs, rejects } = this.personality;
    if (this.#random.next() < rejects) {
      return { recipient, result: 'permfail', error: '550 5.1.1 no such user' };
    }
    if (greylistMs > 0) {
      const firstSeenMs = this.#firstSeenMs.get(name) ?? nowMs;
      this.#firstSeenMs.set(name, firstSeenMs);
      if (nowMs < firstSeenMs + greylistMs) {
        return { recipient, result: 'tempfail', error: '450 4.7.1 greylisted' };
      }
    }
    return { recipient, result: 'delivered', error: '' };
  }
}

function failAll(recipients: readonly number[], error: string): RecipientResult[] {
  return recipients.map((recipient) => ({ recipient, result: 'tempfail', error }));
}
