// The supervisor: starts a process for each role, starts another when one ends, ends those that do not answer any more, and
// passes on reload and stop. It carries no mail.

import type { ChildProcess } from 'node:child_process';
import type { Config } from '../../config/config.ts';
import type { SluiceError } from '../../errors/sluice-error.ts';
import { StartError } from '../../errors/start-error.ts';
import type { Logger } from '../../log/logger.ts';
import { AwaitedSenders } from './awaited-senders.ts';
import { Beats } from './beats.ts';
import {
  begin,
  breakOffStarts,
  type Child,
  endAll,
  factsTogether,
  isStuck,
  lateChanges,
  newChildren,
  noteFailure,
  resetDelayIfStable,
  runningManager,
  runningReceivers,
  sendersFor,
  takeDelay,
  tell,
  tellRole,
} from './child.ts';
import { answerAsked } from './answer-asked.ts';
import { CrashDesk, type ProcessEnd } from './crash-desk.ts';
import { beatEveryMs } from '../watch/heartbeat.ts';
import { forkRole } from './fork-role.ts';
import { Gifts } from './gifts.ts';
import { ProgramDesk } from './program-desk.ts';
import { OpenedListeners } from './opened-listeners.ts';
import { type Instance, type InstanceEvents, type InstanceParts, StartBrokenOff } from './instance.ts';
import { RoleReports } from './role-reports.ts';
import { notStartedAdvice } from './role-troubles.ts';
import type { RoleUsers } from '../privileges/role-users.ts';
import { removeSign } from '../running/life-sign.ts';
import { newPassKey } from '../../channel/pass.ts';
import { passesOf } from './passes.ts';
import { prepareStart } from './prepare-start.ts';
import type { ReloadAnswer, RoleFacts, RoleToSupervisor } from '../../channel/messages.ts';
import { OutcomesError } from '../outcomes-error.ts';
import { areStoresMade } from '../watch/queue-folders.ts';

export class Supervisor implements Instance {
  #config: Config;
  readonly #log: Logger;
  readonly #events: InstanceEvents;
  readonly #children: Child[] = [];
  readonly #users: RoleUsers | undefined;
  readonly #reports: RoleReports;
  readonly #beats: Beats;
  readonly #gifts: Gifts;
  /** All roles have started. Before, a role that fails makes the start fail. */
  #isUp = false;
  #isStopping = false;
  /** A manager has run: processes may have outcomes in memory. */
  #hasManaged = false;
  /** Why the manager could not stop in order. */
  #stopFailure: SluiceError | undefined;
  #lastSerial = 0;
  readonly #passKey = newPassKey();
  /** Of the keys process: it must not be able to make passes for the manager, nor the manager such for it. */
  readonly #keysPassKey = newPassKey();
  #beatTimer: NodeJS.Timeout | undefined;
  /** Sender processes that the manager waits for before it grants anything. */
  readonly #awaited = new AwaitedSenders();
  readonly #opened = new OpenedListeners();
  readonly #crashes: CrashDesk;
  readonly #programs: ProgramDesk;

  /** @param users - whom the roles run as; undefined: as this process */
  constructor(config: Config, { log, events, troubles, ...given }: InstanceParts, users?: RoleUsers) {
    this.#config = config;
    this.#log = log;
    this.#events = events;
    this.#users = users;
    this.#reports = new RoleReports(log, troubles, this.#children);
    this.#beats = new Beats({
      children: this.#children,
      awaited: this.#awaited,
      reports: this.#reports,
      log,
    });
    this.#gifts = new Gifts(given, this.#children);
    this.#programs = new ProgramDesk(users?.of.sender.uid);
    this.#crashes = new CrashDesk(config, { users, log, troubles, children: this.#children });
  }

  get health(): Instance['health'] {
    return { troubles: this.#reports.list, isWell: !this.#children.some(isStuck) };
  }

  /** Starts all roles; resolves when all of them run. @throws {StartError} with the reason of a role that cannot start */
  async start(): Promise<RoleFacts> {
    await prepareStart(this.#config, this.#users, this.#log, this.#gifts.sockets);
    this.#crashes.prepare();
    if (this.#isStopping) throw new StartBrokenOff();
    this.#children.push(...newChildren(this.#config));
    this.#beatTimer = setInterval(() => {
      this.#beats.beat(this.#config.crash, this.#isStopping);
      this.#crashes.beat();
    }, beatEveryMs);
    try {
      await this.#forkAll();
      const facts = await Promise.all(this.#children.map((child) => child.started.promise));
      this.#isUp = true;
      return factsTogether(facts);
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  async #forkAll(): Promise<void> {
    const [manager] = this.#children;
    // In a folder that belongs to the manager's user, no other process can make the spool.
    if (this.#users !== undefined && !areStoresMade(this.#config) && manager !== undefined) {
      this.#fork(manager);
      await manager.started.promise.catch(() => undefined); // `start` reports it
    }
    if (this.#isStopping) throw new StartBrokenOff();
    for (const child of this.#children) if (child.process === undefined) this.#fork(child);
  }

  configure(...[config, how = {}]: Parameters<Instance['configure']>): Promise<readonly string[]> {
    this.#config = config;
    this.#crashes.configure(config);
    this.#startOrEndLate();
    const all = this.#children;
    const say = (reload: number): void => {
      for (const child of all) tell(child, { kind: 'configure', config, reload });
    };
    return this.#opened.gather(runningReceivers(all, how.isForAll), runningManager(all), say, how.waitMs);
  }

  #startOrEndLate(): void {
    if (!this.#isUp || this.#isStopping) return;
    const { missing, unneeded } = lateChanges(this.#children, this.#config);
    for (const child of missing) {
      this.#children.push(child);
      this.#fork(child);
    }
    for (const child of unneeded) {
      this.#children.splice(this.#children.indexOf(child), 1);
      clearTimeout(child.timer);
      this.#reports.unneeded(child);
    }
    void endAll(unneeded, this.#config.stop.grace);
  }

  reopenLog(): void {
    for (const child of this.#children) tell(child, { kind: 'reopenLog' });
  }

  reloaded(answer: ReloadAnswer): void {
    tellRole(this.#children, 'control', { kind: 'reloaded', ...answer });
  }

  /** Ends all roles in the order in which mail flows. Transactions in hand get the grace. */
  async stop(graceMs: number): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    breakOffStarts(this.#children, this.#hasManaged);
    const manager = this.#children.filter((child) => child.name === 'manager');
    for (const child of manager) tell(child, { kind: 'drain' });
    const workers = this.#children.filter((child) => child.name === 'receiver' || child.name === 'sender');
    await endAll(workers, graceMs);
    const last = this.#hasManaged ? manager[0]?.process : undefined;
    // A manager that died, without a successor so far: nobody knows what it had not stored.
    const isLost = this.#isUp && (last === undefined || manager[0]?.facts === undefined);
    await endAll(manager, graceMs);
    await endAll(this.#children, graceMs);
    clearInterval(this.#beatTimer);
    if (this.#stopFailure !== undefined) throw this.#stopFailure;
    // A manager that was killed while it stopped could not report what it had not stored.
    if (isLost || (last !== undefined && last.exitCode !== 0)) throw new OutcomesError(undefined);
  }

  #fork(child: Child): void {
    child.startedAtMs = performance.now();
    const { index } = child;
    const serial = ++this.#lastSerial;
    const trail = this.#crashes.newTrail(serial);
    const identity = this.#users?.of[child.name];
    const stores = 1 + this.#config.queues.length;
    const given = { ...this.#gifts.of(child), identity, trail, stores, coreBytes: this.#crashes.coreBytes };
    const forked = forkRole(child.name, given, (error) => {
      this.#crashes.notStarted(serial);
      this.#notForked(child, error);
    });
    if (forked === undefined) return;
    begin(child, forked, serial);
    forked.on('message', (message: RoleToSupervisor) => this.#heard(child, message));
    forked.on('error', (error) => this.#log.error(`the ${child.name} process: ${error.message}`));
    forked.on('exit', (code, signal) =>
      this.#exited(child, forked, { pid: forked.pid ?? 0, serial, code, signal }),
    );
    const passes = passesOf(child, this.#passKey, this.#keysPassKey);
    const senders = sendersFor(child, this.#children);
    const has = { hasTrail: trail !== undefined, handed: this.#gifts.socketsIn(child) };
    tell(child, { kind: 'start', config: this.#config, index, serial, ...passes, ...has, senders });
    if (child.name === 'control') this.#reports.tellAll(child);
    if (child.name === 'manager') this.#crashes.tellManager(child);
    this.#gifts.give(child);
  }

  #heard(child: Child, message: RoleToSupervisor): void {
    switch (message.kind) {
      case 'alive':
        this.#beats.answered(child);
        break;
      case 'awaits':
        this.#awaited.set(message.senders);
        break;
      case 'started':
        child.facts = message.facts;
        if (child.name === 'manager') this.#hasManaged = true;
        child.started.resolve(message.facts);
        this.#reports.well(child);
        if (this.#isUp) this.#log.info(`the ${child.name} process runs again`);
        this.#crashes.runsAgain(child);
        break;
      case 'failed': {
        const failure = noteFailure(child, message);
        if (this.#isStopping && child.name === 'manager') this.#stopFailure = failure;
        break;
      }
      case 'configured':
        this.#opened.answered(child.serial, message.reload, message.notOpen);
        break;
      case 'askPort':
      case 'crashTest':
      case 'storePassword':
      case 'queueState':
        answerAsked(message, child, this.#children, this.#config, this.#events);
        break;
      case 'runProgram':
      case 'endProgram':
        this.#programs.heard(message, child, this.#config);
        break;
      case 'reload':
      case 'reopenLog':
        this.#events[message.kind]();
        break;
      case 'troubles':
      case 'counted':
        this.#reports.heard(child, message);
        break;
      default:
        message satisfies never;
    }
  }

  #exited(child: Child, forked: ChildProcess, end: ProcessEnd): void {
    const { pid, code, signal } = end;
    if (child.process === forked) child.process = undefined;
    this.#programs.ended(child.serial);
    removeSign(this.#config.spool, child.name, pid);
    const isAsked = this.#isStopping || !this.#children.includes(child);
    this.#crashes.ended(child, end, isAsked);
    if (child.name === 'sender')
      tellRole(this.#children, 'manager', { kind: 'senderEnded', serial: child.serial });
    if (child.name === 'manager') this.#awaited.set([]);
    this.#opened.ended(child.serial);
    if (isAsked) return;
    this.#reports.told(child, []);
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    // A process that ends by itself while starting would do so again; one that somebody killed would not.
    if (!this.#isUp && signal === null && child.facts === undefined) {
      child.started.reject(
        new StartError('ROLE_FAILED', `The ${child.name} process ended ${how} while starting.`),
      );
      return;
    }
    resetDelayIfStable(child);
    this.#reports.ended(child, how);
    child.lastWords = '';
    this.#forkLater(child);
  }

  /** The system started no process. It may be able to later. */
  #notForked(child: Child, { message }: Error): void {
    if (this.#isStopping) return;
    if (!this.#isUp) {
      const problem = `The ${child.name} process could not be started: ${message}.`;
      child.started.reject(new StartError('ROLE_FAILED', problem, notStartedAdvice));
      return;
    }
    this.#reports.notStarted(child, message);
    this.#forkLater(child);
  }

  #forkLater(child: Child): void {
    child.timer = setTimeout(() => this.#fork(child), takeDelay(child));
  }
}
