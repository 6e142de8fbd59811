// Relays that hand mail to each other, in memory: each has a real bouncer, a queue, routes and a limit of hops. A relay
// reports mail that it cannot deliver as Sluice does. Tests count these reports.

import { nodeTimers } from '../../src/io/timers.ts';
import { english } from '../../src/bounce/texts/english.ts';
import { Bouncer } from '../../src/manager/bouncer.ts';
import type { ReportedRecipient } from '../../src/manager/reported-recipient.ts';
import type { Envelope, Origin } from '../../src/message/envelope.ts';
import type { Submitted } from '../../src/channel/messages.ts';
import type {
  NewMessage,
  SpoolReader,
  SpoolWriter,
  StoredMessage,
  StoredRef,
} from '../../src/spool/types.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Events } from '../../src/log/events.ts';
import { keptLog } from './quiet-log.ts';
import { said } from '../refusals.ts';
import { segmentPlace } from '../../src/spool/segments/segment-place.ts';

/** What a relay does with mail for a domain: hand it to the relay with this number, refuse it, or keep it in a mailbox. */
export type Way =
  | { readonly kind: 'relay'; readonly to: number; readonly dsn: boolean }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'mailbox' };

export interface RelayOptions {
  readonly postmaster: string | undefined;
  /** By domain. */
  readonly ways: Readonly<Record<string, Way>>;
  /** `receive.max_received`. */
  readonly maxReceived: number;
}

/** A report that a relay wrote. */
export interface Report {
  readonly via: 'bounce' | 'notice';
  readonly to: string;
  /** Number of the message that a client handed in and that this one descends from. */
  readonly root: number;
}

interface Kept {
  readonly message: NewMessage;
  readonly root: number;
}

export class RelayNetwork {
  readonly reports: Report[] = [];
  /** Messages that relays took, from outside, from each other and from themselves. */
  taken = 0;
  /** Failures that were reported to nobody. */
  dropped = 0;
  readonly #relays: Relay[];

  constructor(relays: readonly RelayOptions[]) {
    this.#relays = relays.map((options) => new Relay(options, this));
  }

  /** Hands a message to a relay; `false` when it refuses it. */
  handIn(to: number, message: NewMessage, root: number): boolean {
    return this.#relays[to]!.take(message, root);
  }

  /** Delivers until no relay has mail left. @returns number of messages that relays took */
  async run(limit: number): Promise<number> {
    for (;;) {
      const busy = this.#relays.find((relay) => relay.waiting > 0);
      if (busy === undefined) return this.taken;
      if (this.taken > limit) throw new Error(`${this.taken} messages, and no end in sight`);
      await busy.step();
    }
  }
}

class Relay {
  readonly #options: RelayOptions;
  readonly #network: RelayNetwork;
  readonly #spool: Kept[] = [];
  readonly #queue: number[] = [];
  readonly #counted = new EventCounters();
  readonly #bouncer: Bouncer;
  /** The message that is being reported about: reports that the bouncer writes now descend from it. */
  #root = -1;

  constructor(options: RelayOptions, network: RelayNetwork) {
    this.#options = options;
    this.#network = network;
    this.#bouncer = new Bouncer({
      timers: nodeTimers,
      dateMs: Date.now,
      verpOf: () => Promise.resolve(undefined),
      settings: () => ({
        hostname: 'relay.test',
        from: 'MAILER-DAEMON@relay.test',
        postmaster: options.postmaster,
        maxOriginalBytes: 65_536,
        warnAfterMs: [],
        texts: { textsFor: () => english },
        tenant: undefined,
        route: undefined,
      }),
      reader: this.#reader(),
      stores: {
        of: () => ({ writer: this.#writer(), queue: undefined }),
        roomiest: () => this.#writer(),
      },
      log: keptLog(),
      happenings: new Events([this.#counted]),
      submit: (message: Submitted) => void this.#queue.push(segmentPlace(message.ref).offset),
    });
  }

  get #dropped(): number {
    return this.#counted.counts.dropped ?? 0;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes a message as by SMTP. RFC 5321 6.3: one with too many Received lines is in a loop and is refused. */
  take(message: NewMessage, root: number): boolean {
    // Only the lines at the top count: a report also contains those of the original message.
    const first = message.content.findIndex(
      (piece) => !Buffer.from(piece).toString().startsWith('Received: '),
    );
    if (first >= this.#options.maxReceived) return false;
    const content = [Buffer.from('Received: by relay.test\r\n'), ...message.content];
    this.#queue.push(this.#keep({ envelope: message.envelope, content }, root));
    return true;
  }

  /** Delivers, hands on or reports the message that has waited longest. */
  async step(): Promise<void> {
    const at = this.#queue.shift();
    const kept = at === undefined ? undefined : this.#spool[at];
    if (at === undefined || kept === undefined) return;
    const outcome = this.#deliver(kept);
    if (outcome === undefined) return;
    this.#root = kept.root;
    const droppedBefore = this.#dropped;
    await this.#bouncer.report(kept.message.envelope.queueId, { store: 0, place: [1, at, 1] }, [outcome]);
    this.#network.dropped += this.#dropped - droppedBefore;
  }

  /** The recipient's outcome if it is to be reported; else undefined. */
  #deliver({ message, root }: Kept): ReportedRecipient | undefined {
    const { envelope } = message;
    const [recipient] = envelope.recipients;
    const domain = recipient!.address.split('@')[1]!;
    const way = this.#options.ways[domain] ?? { kind: 'refuse' };
    const failed = { recipient: 0, action: 'failed', expired: false } as const;
    const endpoint = { kind: 'tcp', ip: '192.0.2.1', port: 25 } as const;
    const there = { host: 'there.test', endpoint };
    if (way.kind === 'mailbox') return undefined;
    if (way.kind === 'refuse') {
      return { ...failed, refusal: said('550 5.1.1 no such user', 'RCPT', there) };
    }
    const origin: Origin = { via: 'smtp', clientAddress: '192.0.2.1', helo: 'relay.test' };
    const recipients = way.dsn ? envelope.recipients : [{ address: recipient!.address }];
    const relayed = { envelope: { ...envelope, origin, recipients }, content: message.content };
    if (!this.#network.handIn(way.to, relayed, root)) {
      return { ...failed, refusal: said('554 5.4.6 too many hops', 'content', there) };
    }
    if (way.dsn || recipient!.notify?.success !== true) return undefined;
    return { recipient: 0, action: 'relayed', host: 'there.test' };
  }

  #keep(message: NewMessage, root: number): number {
    this.#network.taken++;
    const envelope = { ...message.envelope, queueId: `Q${this.#spool.length}` };
    this.#spool.push({ message: { ...message, envelope }, root });
    return this.#spool.length - 1;
  }

  #reader(): SpoolReader {
    const read = (ref: StoredRef): StoredMessage => {
      const { envelope, content } = this.#spool[segmentPlace(ref).offset]!.message;
      const bytes = Buffer.concat(content);
      return { envelope, sizeBytes: bytes.length, content: bytes, stream: () => inOnePiece(bytes) };
    };
    return {
      readFresh: read,
      read: (ref) => Promise.resolve(read(ref)),
      readEnvelope: (ref): Promise<Envelope> => Promise.resolve(read(ref).envelope),
      close: () => undefined,
    };
  }

  #writer(): SpoolWriter {
    return {
      newQueueId: () => `Q${this.#spool.length}`,
      append: (message) => {
        const { via } = message.envelope.origin;
        if (via !== 'bounce' && via !== 'notice') throw new Error(`a report of origin ${via}`);
        if (message.envelope.reversePath !== '') throw new Error('a report with a sender');
        this.#network.reports.push({ via, to: message.envelope.recipients[0]!.address, root: this.#root });
        const offset = this.#keep(message, this.#root);
        const sizeBytes = message.content.reduce((sum, piece) => sum + piece.length, 0);
        return Promise.resolve({ ref: { store: 0, place: [1, offset, 1] }, sizeBytes });
      },
      openLarge: () => Promise.reject(new Error('reports are small')),
      hasRoom: () => true,
      failure: undefined,
      close: () => Promise.resolve(),
    };
  }
}

async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}
