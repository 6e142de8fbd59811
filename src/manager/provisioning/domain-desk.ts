// What the manager knows of domains by the table of provisioning: their ways, since when they are dormant, and the queue that each had when it was last
// looked up, so that a change is noticed, also one of while Sluice was stopped.

import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config/config.ts';
import type { DatedClock } from '../../io/steady-clock.ts';
import type { Timers } from '../../io/timers.ts';
import type { Logger } from '../../log/logger.ts';
import { type KnownDomain, ProvisionedDomains } from '../../policy/provisioning/provisioned-domains.ts';
import type { RoomLimit } from '../../policy/room/types.ts';
import { routeNames } from '../../settings/route-rules.ts';
import type { FileLayer } from '../../spool/file-layer.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import type { RouteTables, Spool } from '../ports.ts';
import type { WaySubject } from '../ways/ways.ts';
import { StateFile } from '../state-file.ts';
import { StateSaver } from '../state-saver.ts';
import { type DomainWays, domainOfSubject, type ProvisionedWay, wayBy } from './domain-ways.ts';
import { Sleeps } from './sleeps.ts';

const mostQueues = 100_000;
/** Of a table that cannot tell that it has changed. Mail of further domains follows its record at the next walk. */
const mostSeen = 20_000;
const saveMs = 1_000;

const lastMs = 253_402_300_799_999;
const time = z.number().min(0).max(lastMs);
const schema = z.object({
  version: z.literal(2),
  queues: z.array(z.tuple([z.string().max(300), z.string().max(100)])).max(mostQueues),
  sleeps: z
    .array(
      z.object({
        domain: z.string().max(300),
        sleeps: z.array(z.union([z.tuple([time]), z.tuple([time, time])])).max(1_000),
      }),
    )
    .max(1_000_000),
});

export interface DomainDeskParts {
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly log: Logger;
  readonly clock: Pick<DatedClock, 'nowMs'>;
  readonly routeTables?: Pick<RouteTables, 'provisioning'> | undefined;
  readonly spool: Pick<Spool, 'queues'>;
}

export class DomainDesk implements DomainWays {
  readonly #parts: DomainDeskParts;
  readonly #sleeps: Sleeps;
  readonly #saver: StateSaver;
  /** The queue in the record of a domain when it was last acted on. */
  readonly #queues = new Map<string, string>();
  /** What was said last about domains that were looked up, while `keepsSeen`. */
  readonly #seen = new Map<string, string>();
  /** The table cannot tell that it has changed, so that it is asked again about them. */
  keepsSeen = false;
  #domains: ProvisionedDomains | undefined;
  #routeNames: ReadonlySet<string> = new Set();

  private constructor(path: string, parts: DomainDeskParts) {
    this.#parts = parts;
    const { files, timers, log, clock } = parts;
    this.#sleeps = new Sleeps(clock.nowMs, () => this.#saver.touched());
    const content = (): object => ({ version: 2, queues: [...this.#queues], sleeps: this.#sleeps.all });
    const file = new StateFile(path, { files, hasCopy: true });
    this.#saver = new StateSaver({
      file,
      timers,
      log,
      what: 'the states of domains',
      intervalMs: saveMs,
      content,
    });
  }

  static async open(config: Config, parts: DomainDeskParts): Promise<DomainDesk> {
    const path = join(config.spool, 'provisioning.json');
    const desk = new DomainDesk(path, parts);
    await desk.#read(new StateFile(path, { files: parts.files, hasCopy: true }));
    desk.configure(config);
    return desk;
  }

  /** Undefined: no table says anything about domains. */
  get ways(): DomainWays | undefined {
    return this.#domains === undefined ? undefined : this;
  }

  get seen(): ReadonlyMap<string, string> {
    return this.#seen;
  }

  configure(config: Config): void {
    const table = this.#parts.routeTables?.provisioning?.(config);
    this.#routeNames = routeNames(config.route);
    const names = () => ({
      queues: new Set([defaultQueue, ...(this.#parts.spool.queues ?? [])]),
      routes: this.#routeNames,
    });
    this.#domains = table === undefined ? undefined : new ProvisionedDomains(table, names);
  }

  of({
    address,
    passesHolds = false,
  }: Pick<WaySubject, 'address' | 'passesHolds'>): ProvisionedWay | Promise<ProvisionedWay> {
    const domain = domainOfSubject({ address });
    const known = this.look(domain);
    return known instanceof Promise
      ? known.then((answer) => wayBy(answer, domain, passesHolds))
      : wayBy(known, domain, passesHolds);
  }

  atOnce(subject: Pick<WaySubject, 'address' | 'passesHolds'>): ProvisionedWay | undefined {
    const way = this.of(subject);
    return way instanceof Promise ? undefined : way;
  }

  /** Looks a domain up. @param domain - in canonical form */
  look(domain: string): KnownDomain | Promise<KnownDomain> {
    const known = this.#domains?.of(domain) ?? { kind: 'none' };
    if (known instanceof Promise) return known.then((answer) => this.#saw(domain, answer));
    return this.#saw(domain, known);
  }

  /**
   * The number of the store that the record of an address's domain names; undefined: it names none.
   * @throws {Error} when that cannot be told now, or the record cannot be used
   */
  async storeFor(address: string): Promise<number | undefined> {
    if (this.#domains === undefined) return undefined;
    const known = await this.look(domainOfSubject({ address }));
    if (known.kind === 'failing' || known.kind === 'wrong') throw new Error(known.reason);
    const queue = known.kind === 'record' ? known.record.queue : undefined;
    if (queue === undefined) return undefined;
    return [defaultQueue, ...(this.#parts.spool.queues ?? [])].indexOf(queue);
  }

  /** The route for reports about mail to a domain; undefined: its record says nothing, or is not known. */
  bounceRouteOf(domain: string): string | undefined {
    const known = this.#domains?.atOnce(domain);
    return known?.kind === 'record' ? known.record.bounceRoute : undefined;
  }

  /** How much mail for a domain may wait; undefined: its record says nothing, or is not known. */
  quotaOf(domain: string): RoomLimit | undefined {
    const known = this.#domains?.atOnce(domain);
    return known?.kind === 'record' ? known.record.quota : undefined;
  }

  /** What the lifetime of mail leaves out; see `Sleeps.since`. */
  asleepMs(domain: string, sinceMs: number): number {
    return this.#sleeps.since(domain, sinceMs);
  }

  /** The queue that the mail of a domain was brought to last; undefined: none. */
  queueOf(domain: string): string | undefined {
    return this.#queues.get(domain);
  }

  /** The mail of a domain is in this queue from now on. @param queue - undefined: its record says nothing about it */
  setQueue(domain: string, queue: string | undefined): void {
    if (this.#queues.get(domain) === queue) return;
    if (queue === undefined) this.#queues.delete(domain);
    else if (this.#queues.size < mostQueues || this.#queues.has(domain)) this.#queues.set(domain, queue);
    this.#saver.touched();
  }

  async close(): Promise<void> {
    await this.#saver.close();
  }

  #saw(domain: string, known: KnownDomain): KnownDomain {
    if (this.keepsSeen) this.#remember(domain, known);
    // What cannot be told leaves everything as it was.
    if (known.kind === 'none') this.#sleeps.saw(domain, false);
    if (known.kind !== 'record') return known;
    this.#sleeps.saw(domain, known.record.state === 'dormant');
    return known;
  }

  #remember(domain: string, known: KnownDomain): void {
    if (known.kind === 'failing') return;
    const [oldest] = this.#seen.keys();
    if (this.#seen.size >= mostSeen && !this.#seen.has(domain) && oldest !== undefined)
      this.#seen.delete(oldest);
    this.#seen.set(domain, known.kind === 'record' ? known.text : known.kind === 'wrong' ? known.reason : '');
  }

  async #read(file: StateFile): Promise<void> {
    try {
      const found = await file.read();
      if (found === undefined) return;
      const { queues, sleeps } = schema.parse(found);
      for (const [domain, queue] of queues) this.#queues.set(domain, queue);
      this.#sleeps.restore(sleeps);
    } catch (error) {
      const why = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      this.#parts.log.error(
        `${file.path} cannot be read (${why}): for how long domains were dormant is not known, and counts for the lifetime of their mail`,
        { code: 'PROVISIONING_STATE_UNREADABLE' },
      );
    }
  }
}
