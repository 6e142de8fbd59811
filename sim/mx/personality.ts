// How a simulated mail exchanger behaves. A personality is asked at every stage of a session and may give its own reply,
// wait, or hang up. Where it gives no answer, the exchanger replies as a well-behaved server does.

/** `content`: the first bytes after DATA have arrived; `message`: the final dot has arrived. */
export type Stage = 'connect' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'content' | 'message';

export interface Moment {
  readonly stage: Stage;
  /** The client's IP address. */
  readonly client: string;
  /** Sessions that this client has open now, including this one. */
  readonly connections: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: number;
  /** Messages that were accepted in this session so far. */
  readonly messages: number;
  readonly sender: string;
  /** The recipient in question at `rcpt`, else the empty string. */
  readonly recipient: string;
}

export interface Answer {
  /** A whole reply without its line end, for example `450 4.7.1 Come back later`. */
  readonly reply?: string;
  readonly delayMs?: number;
  /** The reply waits for this event; `delayMs` begins after it. */
  readonly after?: Promise<void>;
  /** After the reply: an orderly close, or a reset as from a machine that crashed. */
  readonly hangUp?: 'close' | 'reset';
  /** At `message`: the mail is kept even when no 250 is sent. */
  readonly kept?: boolean;
}

export type Personality = (moment: Moment) => Answer | undefined;

export const normal: Personality = () => undefined;

/** Delays every reply. */
export function slow(delayMs: number): Personality {
  return () => ({ delayMs });
}

/** Answers messages only after an event, each with a delay. */
export function holdsUntil(event: Promise<void>, delayMs: number): Personality {
  return ({ stage }) => (stage === 'message' ? { after: event, delayMs } : undefined);
}

/** Each message of a session makes the replies to its recipients slower, up to a limit. */
export function tarpit(stepMs: number, limitMs: number): Personality {
  return ({ stage, messages }) =>
    stage === 'rcpt' ? { delayMs: Math.min(limitMs, stepMs * messages) } : undefined;
}

/** Refuses each (client, sender, recipient) until it is tried again after `afterMs`. RFC 6647 2.4. */
export function greylist(afterMs: number): Personality {
  const firstSeen = new Map<string, number>();
  return ({ stage, client, sender, recipient, now }) => {
    if (stage !== 'rcpt') return undefined;
    const triplet = `${client} ${sender} ${recipient}`;
    const seen = firstSeen.get(triplet);
    if (seen === undefined) firstSeen.set(triplet, now);
    if (seen !== undefined && now - seen >= afterMs) return undefined;
    return { reply: '450 4.7.1 Greylisted, come back later' };
  };
}

/** Bans a client for `forMs` when it opens more than `limit` sessions at a time; calls `onBan` for each ban. */
export function ban(limit: number, forMs: number, onBan: () => void = () => {}): Personality {
  const until = new Map<string, number>();
  return ({ stage, client, connections, now }) => {
    if (stage !== 'connect') return undefined;
    if (connections > limit) {
      until.set(client, now + forMs);
      onBan();
    }
    if ((until.get(client) ?? -Infinity) <= now) return undefined;
    return { reply: '421 4.7.0 Too many connections, you are banned', hangUp: 'close' };
  };
}

/** Resets the connection at a stage, the first `times` times; with `kept`, the message is kept. */
export function dropAt(stage: Stage, times: number, kept = false): Personality {
  let left = times;
  return (moment) => (moment.stage === stage && left-- > 0 ? { hangUp: 'reset', kept } : undefined);
}

/** Answers 421 and closes at a stage, the first `times` times. RFC 5321 3.8. */
export function shutsDownAt(stage: Stage, times: number): Personality {
  let left = times;
  return (moment) =>
    moment.stage === stage && left-- > 0 ? { reply: '421 4.3.2 Shutting down', hangUp: 'close' } : undefined;
}

/** Gives one reply to every recipient that matches. */
export function refuses(recipients: RegExp, reply: string): Personality {
  return ({ stage, recipient }) => (stage === 'rcpt' && recipients.test(recipient) ? { reply } : undefined);
}

/** Combines personalities: the first reply among them counts, delays add up, and all their events are waited for. */
export function combined(...personalities: readonly Personality[]): Personality {
  return (moment) => {
    let delayMs = 0;
    const events: Promise<void>[] = [];
    let reply: Answer = {};
    for (const personality of personalities) {
      const answer = personality(moment);
      delayMs += answer?.delayMs ?? 0;
      if (answer?.after !== undefined) events.push(answer.after);
      if (answer?.reply === undefined && answer?.hangUp === undefined) continue;
      reply = answer;
      break;
    }
    if (events.length === 0) return { ...reply, delayMs };
    return { ...reply, delayMs, after: Promise.all(events).then(() => {}) };
  };
}
