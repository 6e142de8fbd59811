// A whole Sluice in simulation: the real scheduler, manager and segment store on a simulated disk, receivers, senders and
// channels that are modelled, on virtual time, with faults at any step. Judged by books that are kept outside and know
// nothing of the code under test. One seed decides everything, and replays it.

import type { Config } from '../../src/config/config.ts';
import type { ConnectManager } from '../../src/channel/manager-link.ts';
import type { Logger } from '../../src/log/logger.ts';
import { Random } from '../../src/schedule/store/random.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { check } from '../world/ledger.ts';
import { AnswerBooks } from './answer-books.ts';
import { Aims, someAims } from './aims.ts';
import { Books } from './books.ts';
import { Grants } from './grants.ts';
import type { Fault, Operation } from './faults.ts';
import { settled, type Trace } from './ground.ts';
import { wellTempered, type Internet } from './internet.ts';
import { LimitBooks } from './limit-books.ts';
import { Inquiry, type Asked } from './inquiry.ts';
import type { Overheard } from './link.ts';
import { Links } from './links.ts';
import { Memory } from './memory.ts';
import type { NameServers } from './name-servers.ts';
import { offerParts } from './parts.ts';
import { OutageBooks } from './outage-books.ts';
import {
  faultsMs,
  scenarioOf,
  someOpenFiles,
  withOtherRoutes,
  postmaster,
  spool,
  withOtherLimits,
  type Scenario,
} from './scenario.ts';
import type { SomeMail } from './some-mail.ts';
import { RateBooks } from './rate-books.ts';
import { RefusalBooks } from './refusal-books.ts';
import { Restarts, type Stoppable } from './restarts.ts';
import { RouteBooks } from './route-books.ts';
import { RoutingPlugin } from './routing-plugin.ts';
import { SourceBooks } from './source-books.ts';
import { Operations } from './operations.ts';
import { SimProcess } from './sim-process.ts';
import { OtherStores } from './other-stores.ts';
import { SegmentBooks } from './segment-books.ts';
import { everyFile } from './spool-files.ts';
import { Supervision } from './supervision.ts';
import { tracedLog } from './traced-log.ts';
import type { Sabotage } from './sabotage.ts';
import { Strikes, type Targets } from './strikes.ts';

export interface SystemOptions {
  readonly seed: number;
  readonly trace?: ((atMs: number, text: string) => void) | undefined;
  readonly sabotage?: Sabotage | undefined;
}

export const startMs = 1_800_000_000_000;
/** All mail has ended by then: lifetimes are shorter, and so are those of reports on their way. */
const endMs = startMs + faultsMs + 1_000_000;
/** A sync that is due takes up to so long, when nothing is wrong. */
const syncMs = 2_000;
/** Added to the seed of a world for the seed of its aimed faults. */
const aimsOffset = 1_000_000_007;
/** Processes that start later than this after the system have been started again. */
const firstMs = 1_000;
/** So long after the faults the limits are lifted: a low rate would take hours for the reports of a large world. */
const ratesMs = 120_000;
/** How often it is looked whether all has ended. */
const lookMs = 1_000;

export class System implements Targets, Asked, Stoppable {
  readonly clock = new VirtualClock(startMs);
  readonly random: Random;
  readonly trace: Trace;
  readonly spool = spool;
  readonly sabotage: Sabotage | undefined;
  readonly internet: Internet;
  readonly nameServers: NameServers;
  readonly memory: Memory;
  readonly refusals: RefusalBooks;
  readonly answers: AnswerBooks;
  readonly books: Books;
  readonly limitBooks: LimitBooks;
  readonly rateBooks = new RateBooks();
  readonly sourceBooks: SourceBooks;
  readonly grants: Grants;
  readonly operations: Operations;
  readonly routeBooks: RouteBooks;
  openFiles: number;
  readonly dateMs = (): number => Math.floor(this.clock.nowMs + this.#aheadMs);
  config: Config;
  isCalm = false;
  boot = { id: 'boot 1', sinceMs: startMs };
  steps = 0;
  readonly restarts = new Restarts(this);
  readonly #scenario: Scenario;
  disk: SimulatedDisk;
  diskMs: number;
  readonly others: OtherStores | undefined;
  /** The system's clock is ahead of the time of this world. */
  #aheadMs = 0;
  #supervision: Supervision | undefined;
  readonly #strikes: Strikes;
  /** Faults whose time has come, with the step at which each strikes. */
  readonly #armed: { readonly atStep: number; readonly fault: Fault }[] = [];
  readonly links: Links;
  readonly #aims: Aims;
  /** Set when it lives. */
  inquiry: Inquiry | undefined;
  #fingerprint = 0;
  #isOn = true;
  #failure: Error | undefined;

  constructor({ seed, trace, sabotage }: SystemOptions) {
    const scenario = scenarioOf(seed);
    const { random, internet, config, capacityBytes, diskMs, openFiles } = scenario;
    this.#scenario = scenario;
    this.sabotage = sabotage;
    this.random = random;
    this.internet = internet;
    this.config = config;
    this.trace = trace === undefined ? () => undefined : (text) => trace(this.clock.nowMs - startMs, text());
    const nowMs = (): number => this.clock.nowMs;
    const outages = new OutageBooks(nowMs);
    this.nameServers = { answerMs: () => random.next() * 50, fails: 0, areSilent: false, books: outages };
    this.sourceBooks = new SourceBooks(nowMs);
    this.memory = new Memory(nowMs);
    this.refusals = new RefusalBooks(nowMs, (moment) => this.#aims.came(moment));
    this.answers = new AnswerBooks({
      memory: this.memory,
      nowMs,
      spool,
      disk: () => this.disk,
      answered: () => this.#aims.came('answered'),
    });
    this.books = new Books({
      memory: this.memory,
      nowMs,
      outages,
      lifetimeMs: config.queue.lifetime,
      nullLifetimeMs: config.queue.bounceLifetime + 5_000,
      postmaster,
    });
    this.openFiles = openFiles;
    this.operations = new Operations(this);
    const lateAtMs = (): number => this.supervision.manager?.process.heldUpAtMs ?? startMs;
    const plugin = new RoutingPlugin(seed, this);
    this.routeBooks = new RouteBooks({ internet, nowMs, lateAtMs, plugin });
    const { books, operations, rateBooks, refusals, routeBooks: routes, sourceBooks } = this;
    this.grants = new Grants({
      ground: this,
      config,
      openFiles,
      books,
      rateBooks,
      sourceBooks,
      outages,
      operations,
      refusals,
      routes,
    });
    this.limitBooks = new LimitBooks(this.grants, (sender) => {
      const full = this.supervision.senders.find((each) => each === sender);
      this.#aims.came('full', full?.process);
    });
    this.disk = new SimulatedDisk({ seed, capacityBytes });
    this.diskMs = diskMs;
    this.others = OtherStores.of(seed, this, capacityBytes, diskMs);
    this.#strikes = new Strikes(this);
    this.#aims = new Aims({
      aims: scenario.faults.length > 0 ? someAims(new Random(seed + aimsOffset)) : [],
      later: (ms, act) => this.clock.at(this.clock.nowMs + ms, act),
      breakLink: (process) => this.breakLink(process),
      strike: (fault) => this.#armed.push({ atStep: this.steps, fault }),
    });
    this.links = new Links({
      ground: this,
      overheard: this.#overheard,
      manager: () => this.#supervision?.manager,
    });
  }

  /** A number over all that happened: two runs of one seed have the same. */
  get fingerprint(): number {
    return this.#fingerprint;
  }

  /** Lets everything happen: some time of faults, then peace until nothing is left to do. */
  async live(): Promise<void> {
    const { faults, mail } = this.#scenario;
    this.start([]);
    for (const each of mail) this.clock.at(startMs + each.atMs, () => this.#submit(each));
    for (const { atMs, afterSteps, fault } of faults) {
      this.clock.at(startMs + atMs, () => this.#armed.push({ atStep: this.steps + afterSteps, fault }));
    }
    if (faults.length > 0) this.others?.spoil(faultsMs);
    const inquiry = (this.inquiry = new Inquiry(this));
    await this.#run(startMs + faultsMs);
    this.#calmDown();
    this.operations.letGo(inquiry.operator);
    this.clock.at(this.clock.nowMs + ratesMs, () => this.#configure({ ...this.config, limit: [] }));
    const { queue } = this.config;
    const segments = new SegmentBooks({
      disk: () => this.disk,
      books: this.books,
      internet: this.internet,
      nowMs: () => this.clock.nowMs,
      spool,
      segmentBytes: queue.segmentSize,
      relocateAfterMs: queue.relocateAfter,
      haveEnded: () => this.supervision.receivers.some((each) => this.#isStartedAgain(each?.process)),
    });
    const files = everyFile(this, this.#scenario.receivers);
    while (this.clock.nowMs < endMs && !(this.books.isComplete && inquiry.isEmpty && files.areFew())) {
      await this.#run(this.clock.nowMs + lookMs);
      // The age of a segment is told by its name.
      if (!this.books.wasClockSet) segments.look();
    }
    this.books.finish();
    check(inquiry.isEmpty, () => `something is left at the end: ${JSON.stringify(inquiry.last)}`);
    check(files.areFew(), () => `files are left that nothing needs: ${files.names().join(', ')}`);
    check(this.limitBooks.open.size === 0, () => `${this.limitBooks.open.size} connections are left open`);
  }

  get supervision(): Supervision {
    if (this.#supervision === undefined) throw new Error('the system has not been started');
    return this.#supervision;
  }

  start(left: readonly SimProcess[]): void {
    const { senders, receivers } = this.#scenario;
    this.#supervision = new Supervision(this, { senders, receivers }, left);
  }

  get wellForMs(): number {
    return this.#strikes.wellForMs;
  }

  /** Its processes end by themselves, and the next one waits for them. */
  killSupervisor(): void {
    if (this.#isOn) this.start(this.supervision.kill());
  }

  /** The supervisor that lives, while there is power. */
  get running(): Supervision | undefined {
    return this.#isOn ? this.#supervision : undefined;
  }

  /** What is not synced is lost, or part of it; the machine starts again after so long. */
  cutPower(offMs: number, wellForMs: number): void {
    if (!this.#isOn) return;
    const { journalSync } = this.config.queue;
    if (wellForMs > journalSync + syncMs) this.memory.checkSynced(journalSync + syncMs);
    this.#isOn = false;
    this.supervision.end();
    this.memory.powerCut();
    this.books.powerWasCut();
    // Only at an orderly stop is it synced what rates have used up.
    this.rateBooks.forgets(-Infinity, this.clock.nowMs);
    this.clock.at(this.clock.nowMs + offMs, () => {
      this.#isOn = true;
      this.disk = this.disk.restarted({ seed: this.random.below(1e9) });
      this.others?.restart();
      this.boot = { id: `boot ${this.clock.nowMs}`, sinceMs: this.clock.nowMs };
      this.trace(() => 'power is back');
      this.start([]);
    });
  }

  operate(operation: Operation): void {
    if (this.inquiry !== undefined) this.operations.perform(this.inquiry.operator, operation);
  }

  setClock(byMs: number): void {
    this.#aheadMs += byMs;
    this.books.clockWasSet(byMs);
  }

  slowLinks(eachMs: number): void {
    this.links.slow(eachMs);
  }

  breakLink(process: SimProcess): void {
    this.links.break(process);
  }

  /** Every process gets the new configuration, in its own time. */
  reload(what: 'limits' | 'routes' | 'capacity'): void {
    const { random, internet } = this;
    if (what === 'limits') this.config = withOtherLimits(random, this.config, internet);
    else if (what === 'routes') this.config = withOtherRoutes(random, this.config, internet);
    // Connections that hang keep the room that they found, beside those that the new limit of all allows.
    else if (this.config.deliver.maxUnanswered === 0) this.openFiles = someOpenFiles(random);
    this.#configure(this.config);
  }

  #configure(config: Config): void {
    this.config = config;
    const { manager } = this.supervision;
    manager?.process.after(1, () => manager.configure(config));
  }

  failed(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error));
  }

  newProcess(name: string): SimProcess {
    return new SimProcess(this, name, this.disk, () => this.random.next() * this.diskMs, this.others);
  }

  managerFor(process: SimProcess): ConnectManager {
    return this.links.from(process);
  }

  logOf(process: SimProcess): Logger {
    return tracedLog(process.name, this.trace);
  }

  readonly #overheard: Overheard = {
    posted: (message, by) =>
      this.#judge(() => {
        this.grants.posted(message);
        this.inquiry?.posted(message);
        this.answers.posted(message);
        if (isSenderHello(message) && this.#isStartedAgain(by)) this.#aims.came('hello', by);
      }),
    left: (batch) => this.memory.left(batch),
    ended: (batch, by) => {
      this.memory.ended(batch, by, 'the link on which it was reported broke');
      if (by === undefined) return;
      this.refusals.heard(batch);
      this.answers.heard(batch, by);
      if (by === this.#supervision?.manager?.process) this.grants.heard(batch);
      this.routeBooks.heard(batch);
    },
    taken: (batch, by) => this.memory.taken(batch, by, this.#supervision?.manager?.isListening === false),
  };

  #isStartedAgain(process: SimProcess | undefined): boolean {
    return process === undefined || process.startedAtMs > startMs + firstMs;
  }

  /** What the books find does not go through the code that they judge. */
  #judge(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.failed(error);
    }
  }

  async #run(untilMs: number): Promise<void> {
    while (this.clock.step(untilMs)) {
      await settled();
      this.steps++;
      if (this.#failure !== undefined) throw this.#failure;
      this.#strike();
      this.#note(this.clock.nowMs - startMs);
    }
  }

  /** A fault is a step of its own. */
  #strike(): void {
    const due = this.#armed.findIndex(({ atStep }) => atStep <= this.steps);
    if (due === -1) return;
    const [armed] = this.#armed.splice(due, 1);
    if (armed !== undefined && !this.isCalm) this.#strikes.strike(armed.fault);
  }

  #note(value: number): void {
    this.#fingerprint = Math.imul(this.#fingerprint ^ Math.trunc(value * 1_000), 0x01000193);
  }

  #submit({ addresses, client, reversePath, sizeBytes, tenant }: SomeMail): void {
    const parts = offerParts(this.books, this.others, { addresses, reversePath, sizeBytes, tenant });
    const receivers = (this.#supervision?.receivers ?? []).filter((each) => each?.process.isAlive === true);
    const receiver = receivers[this.random.below(receivers.length)];
    if (receiver === undefined) for (const { offer } of parts) this.books.refused(offer);
    else receiver.process.run(() => receiver.take({ parts, client, sizeBytes }));
  }

  #calmDown(): void {
    this.trace(() => 'no more faults');
    this.isCalm = true;
    for (const host of this.internet.hosts.values()) host.temper = wellTempered;
    this.nameServers.fails = 0;
    this.#strikes.endAll();
    this.diskMs = Math.min(this.diskMs, 1);
  }
}

function isSenderHello(message: unknown): boolean {
  const { kind, role } = message as { readonly kind?: string; readonly role?: string };
  return kind === 'hello' && role === 'sender';
}
