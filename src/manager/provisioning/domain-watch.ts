// Sees to it that a change of a domain's record reaches the mail that waits: it takes its new way, and moves to its new queue. Promises: one walk over the
// queue at a time; mail of a domain moves in its order; what could not be looked up or moved is tried again; a record that cannot be used is told.

import type { Config } from '../../config/config.ts';
import type { Timer } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import type { MessageHandle } from '../../schedule/types.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { JobPace } from '../jobs/job-pace.ts';
import type { JobParts } from '../jobs/job-parts.ts';
import { MessageChoice } from '../jobs/message-choice.ts';
import { MoveSteps } from '../jobs/move-steps.ts';
import { Slice } from '../jobs/slice.ts';
import type { RouteTables } from '../ports.ts';
import type { DomainDesk } from './domain-desk.ts';
import type { DomainRooms } from './domain-rooms.ts';

const leastPauseMs = 1_000;
/** After something failed. */
const againMs = 10_000;
/** Tables whose changes cannot be seen are asked again so often about so many of the domains whose mail waits. */
const pollMs = 1_000;
const mostPolled = 500;
/** Records that are named in a trouble. */
const mostNamed = 3;

export interface DomainWatchParts extends JobParts {
  readonly queues: { readonly domainRooms: Pick<DomainRooms, 'look' | 'lookAtFull'> };
  readonly desk: Pick<DomainDesk, 'keepsSeen' | 'look' | 'queueOf' | 'seen' | 'setQueue' | 'ways'>;
  /** Undefined: there are none. */
  readonly tables: Pick<RouteTables, 'onChange'> | undefined;
  /** Looks up again where waiting mail goes. */
  readonly reroute: () => void;
  readonly troubles?: Troubles | undefined;
  readonly log: Pick<Logger, 'error' | 'info'>;
}

export class DomainWatch {
  readonly #parts: DomainWatchParts;
  readonly #pace: JobPace;
  readonly #stopped = Promise.withResolvers<void>();
  /** There was a table at the last walk. */
  #wasOn = false;
  #polled: Iterator<string> = [].values();
  #poll: Timer | undefined;
  #pause: Timer | undefined;
  #isWanted = false;
  #walking: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: DomainWatchParts) {
    this.#parts = parts;
    this.#pace = new JobPace(parts.timers);
  }

  /** All that waited is in the scheduler. */
  start(config: Config): void {
    this.#parts.tables?.onChange(() => this.changed());
    this.configure(config);
  }

  configure({ provisioning, table: tables }: Pick<Config, 'provisioning' | 'table'>): void {
    const { timers, desk } = this.#parts;
    timers.clear(this.#poll);
    this.#poll = undefined;
    if (desk.ways === undefined && !this.#wasOn) return;
    const table = tables.find(({ name }) => name === provisioning.table);
    // Changes of a file are told by `changed`; others are asked for.
    desk.keepsSeen = table?.kind === 'sqlite';
    if (desk.keepsSeen) this.#poll = timers.setInterval(() => void this.#look(), pollMs).unref();
    this.changed();
  }

  /** A table has changed, perhaps that of domains. */
  changed(): void {
    if (this.#isStopped) return;
    if (this.#parts.desk.ways === undefined && !this.#wasOn) {
      this.#parts.reroute();
      return;
    }
    this.#isWanted = true;
    if (this.#walking !== undefined || this.#pause !== undefined) return;
    this.#isWanted = false;
    this.#parts.reroute();
    this.#walking = this.#walk().then((isThrough) => this.#rest(isThrough ? leastPauseMs : againMs));
  }

  stop(): void {
    this.#isStopped = true;
    this.#parts.timers.clear(this.#poll);
    this.#parts.timers.clear(this.#pause);
    this.#stopped.resolve();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#walking;
  }

  #rest(pauseMs: number): void {
    const { timers } = this.#parts;
    this.#walking = undefined;
    if (pauseMs === againMs) this.#isWanted = true;
    this.#pause = timers
      .setTimeout(() => {
        this.#pause = undefined;
        if (this.#isWanted) this.changed();
      }, pauseMs)
      .unref();
  }

  /** Asks about some of the domains that were looked up. */
  async #look(): Promise<void> {
    const { desk } = this.#parts;
    for (let count = 0; count < mostPolled && !this.#isStopped; count++) {
      const next = this.#polled.next();
      if (next.done === true) {
        this.#polled = desk.seen.keys();
        return;
      }
      const before = desk.seen.get(next.value);
      await desk.look(next.value);
      if (desk.seen.get(next.value) === before) continue;
      this.changed();
      return;
    }
  }

  /** Resolves to false when something has to be tried again. It never rejects. */
  async #walk(): Promise<boolean> {
    try {
      return await this.#walkAll();
    } catch (error) {
      this.#parts.log.error(`looking at the domains of waiting mail failed: ${String(error)}`);
      return false;
    }
  }

  async #walkAll(): Promise<boolean> {
    const { desk, queues } = this.#parts;
    const { domainRooms } = queues;
    this.#wasOn = desk.ways !== undefined;
    const moves = new Map<string, Set<string>>();
    const wrong: string[] = [];
    let isThrough = true;
    for (const domain of await this.#domains()) {
      const looked = desk.look(domain);
      const known = looked instanceof Promise ? await looked : looked;
      domainRooms.look(domain);
      if (known.kind === 'failing') isThrough = false;
      if (known.kind === 'wrong') wrong.push(`${domain}: ${known.reason}`);
      const queue = known.kind === 'record' ? known.record.queue : undefined;
      if (known.kind === 'none' || (known.kind === 'record' && queue === undefined))
        desk.setQueue(domain, undefined);
      if (queue === undefined || desk.queueOf(domain) === queue) continue;
      const domains = moves.get(queue) ?? new Set();
      moves.set(queue, domains.add(domain));
    }
    domainRooms.lookAtFull();
    this.#tell(wrong);
    for (const [queue, domains] of moves)
      if (await this.#move(queue, domains)) for (const domain of domains) desk.setQueue(domain, queue);
      else isThrough = false;
    return isThrough;
  }

  /** The domains of waiting mail. */
  async #domains(): Promise<ReadonlySet<string>> {
    const { scheduler } = this.#parts.manager;
    const found = new Set<string>();
    const messages = scheduler.messages();
    for (let isLast = false; !isLast && !this.#isStopped;) {
      isLast = await this.#pace.slice(() => {
        const slice = new Slice(this.#parts.timers);
        while (!slice.isOver()) {
          const next = messages.next();
          if (next.done === true) return true;
          for (const { domain } of scheduler.recipientsOf(next.value)) found.add(domain);
        }
        return false;
      });
    }
    return found;
  }

  /** Resolves to true when all mail of the domains is there. */
  async #move(queue: string, domains: ReadonlySet<string>): Promise<boolean> {
    const { log } = this.#parts;
    const choice = new MailOfDomains(this.#parts, domains);
    const steps = new MoveSteps(this.#parts, { action: 'move', to: queue, filter: {} }, choice, this.#pace);
    const counts = { recipients: 0, refused: 0, reason: '' };
    for (let isLast = false; !isLast;) {
      if (this.#isStopped) return false;
      const step = await steps.step(this.#stopped.promise);
      ({ isLast } = step);
      counts.recipients += step.recipients;
      counts.refused += step.refused;
      if (step.reason !== '') counts.reason = step.reason;
    }
    if (counts.recipients > 0)
      log.info(
        `${counts.recipients} recipients of ${domains.size} domains have moved to the queue ${queue}, as their records say`,
      );
    if (counts.reason !== '')
      log.error(
        `mail of domains waits to move to the queue ${queue}, as their records say: ${counts.reason}`,
      );
    return counts.reason === '';
  }

  #tell(wrong: readonly string[]): void {
    const { troubles } = this.#parts;
    if (wrong.length === 0) {
      troubles?.clear('provisioning');
      return;
    }
    const more = wrong.length > mostNamed ? ` There are ${wrong.length - mostNamed} others.` : '';
    troubles?.raise(
      'provisioning',
      'warning',
      `Records of domains cannot be used, and their mail waits: ${wrong.slice(0, mostNamed).join('; ')}.${more}`,
      'Correct them: "sluice provision show DOMAIN" says what is wrong. New mail of these domains is answered 451.',
    );
  }
}

/** The recipients at these domains. */
class MailOfDomains extends MessageChoice {
  readonly #domains: ReadonlySet<string>;

  constructor(parts: JobParts, domains: ReadonlySet<string>) {
    super(parts, {});
    this.#domains = domains;
  }

  override byFacts(message: MessageHandle): ReturnType<MessageChoice['byFacts']> {
    const found = super.byFacts(message);
    const recipients = found?.recipients.filter(({ domain }) => this.#domains.has(domain)) ?? [];
    return found === undefined || recipients.length === 0 ? undefined : { ...found, recipients };
  }
}
