// The supervisor: starts a process for each role, starts again what dies, ends what does not answer any more, passes on
// reload and stop. Carries no mail.

import type { ChildProcess } from 'node:child_process';
import type { Config } from '../../config/config.ts';
import { SluiceError } from '../../errors/sluice-error.ts';
import { StartError } from '../../errors/start-error.ts';
import type { Logger } from '../../log/logger.ts';
import { Receiver } from '../../receive/receiver.ts';
import { TroubleBoard } from '../../stats/trouble-board.ts';
import type { Trouble, Troubles } from '../../stats/troubles.ts';
import { AwaitedSenders } from './awaited-senders.ts';
import { type Child, firstDelayMs, forkRole, newChild, withoutRole } from './child.ts';
import { beatEveryMs, Heartbeat } from '../watch/heartbeat.ts';
import type { Instance, InstanceEvents } from './instance.ts';
import { endLeftOvers, removeSign } from '../running/life-sign.ts';
import type { ReloadAnswer, RoleFacts, RoleToSupervisor, SupervisorToRole } from '../../channel/messages.ts';
import { OutcomesError } from '../outcomes-error.ts';
import type { RoleName } from '../role.ts';

/** A process that lived shorter than this has not recovered by being started again: wait longer each time. */
const stableMs = 10_000;
const longestDelayMs = 30_000;

/** Given to a process beyond the grace before it is killed. */
const killAfterMs = 5_000;

export class Supervisor implements Instance {
  #config: Config;
  readonly #log: Logger;
  readonly #events: InstanceEvents;
  readonly #children: Child[] = [];
  readonly #troubles: Troubles;
  readonly #board = new TroubleBoard();
  /** Until all roles run, a role that fails is a reason not to start. */
  #up = false;
  #stopping = false;
  /** What the manager could not do when it stopped. */
  #stopFailure: SluiceError | undefined;
  #lastSerial = 0;
  #beats: NodeJS.Timeout | undefined;
  /** Sender processes that the manager waits for before it grants anything. */
  readonly #awaited = new AwaitedSenders();

  constructor(config: Config, log: Logger, events: InstanceEvents, troubles: Troubles) {
    this.#config = config;
    this.#log = log;
    this.#events = events;
    this.#troubles = troubles;
    this.#board.set('supervisor', troubles.list);
    troubles.onChanged((list) => this.#troubled('supervisor', list));
  }

  /** Starts all roles; resolves when every one runs. @throws {StartError} with what a role said when it could not. */
  async start(): Promise<RoleFacts> {
    await endLeftOvers(this.#config.spool, this.#log);
    if (this.#config.processes.receivers > 1) {
      for (const { address } of this.#config.listen) await Receiver.checkFree(address);
    }
    this.#add('manager', 0);
    for (let index = 0; index < this.#config.processes.senders; index++) this.#add('sender', index);
    for (let index = 0; index < this.#config.processes.receivers; index++) this.#add('receiver', index);
    this.#add('control', 0);
    for (const child of this.#children) this.#fork(child);
    this.#beats = setInterval(() => this.#beat(), beatEveryMs);
    try {
      const facts = await Promise.all(this.#children.map((child) => child.started.promise));
      this.#up = true;
      return {
        listening: facts.find((each) => each.listening !== undefined)?.listening ?? [],
        recovered: facts.find((each) => each.recovered !== undefined)?.recovered ?? 0,
      };
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  configure(config: Config): void {
    this.#config = config;
    for (const child of this.#children) this.#tell(child, { kind: 'configure', config });
  }

  reloaded(answer: ReloadAnswer): void {
    for (const child of this.#children) {
      if (child.name === 'control') this.#tell(child, { kind: 'reloaded', ...answer });
    }
  }

  /** Ends all roles in the order in which mail flows; what is in hand gets the grace. */
  async stop(graceMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const child of this.#children) clearTimeout(child.timer);
    const manager = this.#children.filter((child) => child.name === 'manager');
    for (const child of manager) this.#tell(child, { kind: 'drain' });
    const workers = this.#children.filter((child) => child.name === 'receiver' || child.name === 'sender');
    await this.#end(workers, graceMs);
    const last = manager[0]?.process;
    // One that died and was not followed yet: what it had not stored is known to nobody.
    const isLost = this.#up && (last === undefined || manager[0]?.facts === undefined);
    await this.#end(manager, graceMs);
    await this.#end(this.#children, graceMs);
    clearInterval(this.#beats);
    if (this.#stopFailure !== undefined) throw this.#stopFailure;
    // One that was killed while it stopped could not say what it had not stored.
    if (isLost || (last !== undefined && last.exitCode !== 0)) throw new OutcomesError(undefined);
  }

  #add(name: RoleName, index: number): void {
    this.#children.push(newChild(name, index));
  }

  #fork(child: Child): void {
    child.startedAtMs = performance.now();
    const forked = forkRole(child.name);
    child.process = forked;
    child.serial = ++this.#lastSerial;
    child.heartbeat = new Heartbeat();
    child.isStalled = false;
    child.facts = undefined;
    forked.on('message', (message: RoleToSupervisor) => this.#heard(child, message));
    forked.on('error', (error) => this.#log.error(`the ${child.name} process: ${error.message}`));
    forked.on('exit', (code, signal) => this.#exited(child, forked, code, signal));
    const { index, serial } = child;
    // One that starts together with the manager may be linked to it before this is read: it is waited for in vain for as
    // long as its hello takes, and no longer.
    const senders = child.name === 'manager' ? this.#livingSenders() : [];
    this.#tell(child, { kind: 'start', config: this.#config, index, serial, senders });
    if (child.name === 'control') this.#tell(child, { kind: 'troubles', troubles: this.#board.list });
  }

  #livingSenders(): number[] {
    return this.#children
      .filter(({ name, process: running }) => name === 'sender' && running !== undefined)
      .map(({ serial }) => serial);
  }

  /** Asks every process whether it lives; ends those that are waited for, or of no use, when they do not answer. */
  #beat(): void {
    if (this.#stopping) {
      // They have the grace, however long they do not answer; that the supervisor lives is for the control process to know.
      for (const child of this.#children) if (child.heartbeat.beat()) this.#tell(child, { kind: 'ping' });
      return;
    }
    const manager = this.#children.find(({ name }) => name === 'manager');
    this.#awaited.beat(manager?.facts !== undefined && !manager.heartbeat.isStalled);
    for (const child of this.#children) {
      if (child.process === undefined) continue;
      if (child.heartbeat.beat()) this.#tell(child, { kind: 'ping' });
      if (this.#awaited.mustEnd(child.serial, child.heartbeat)) {
        this.#kill(child, 'the manager has to know its connections, and it does not tell');
        continue;
      }
      // Recovering a large queue is one long piece of work.
      const isRecovering = child.name === 'manager' && child.facts === undefined;
      if (!child.heartbeat.isStalled || isRecovering) continue;
      if (!child.isStalled) this.#stalled(child, child.process.pid);
      if (child.heartbeat.isLost) this.#kill(child, 'it has not answered for a minute');
    }
  }

  #stalled(child: Child, pid: number | undefined): void {
    child.isStalled = true;
    this.#log.warn(`the ${child.name} process (${pid}) does not answer`);
    this.#troubles.raise(
      `role:${this.#nameOf(child)}`,
      'critical',
      `The ${this.#nameOf(child)} process (${pid}) does not answer: it is stopped by a signal, or hangs.`,
      `Until it answers, ${withoutRole[child.name]}. After a minute it is killed and started again; kill -CONT ${pid} wakes one that was stopped.`,
    );
  }

  /** SIGKILL also ends what SIGSTOP has stopped (signal(7)). */
  #kill(child: Child, why: string): void {
    this.#log.error(`ending the ${child.name} process (${child.process?.pid}): ${why}`);
    child.process?.kill('SIGKILL');
  }

  #tell(child: Child, message: SupervisorToRole): void {
    if (child.process?.connected === true) child.process.send(message, () => undefined);
  }

  #tellManager(message: SupervisorToRole): void {
    for (const child of this.#children) if (child.name === 'manager') this.#tell(child, message);
  }

  #heard(child: Child, message: RoleToSupervisor): void {
    switch (message.kind) {
      case 'alive':
        child.heartbeat.answered();
        if (!child.isStalled) break;
        child.isStalled = false;
        this.#troubles.clear(`role:${this.#nameOf(child)}`);
        this.#log.info(`the ${child.name} process answers again`);
        break;
      case 'awaits':
        this.#awaited.set(message.senders);
        break;
      case 'started':
        child.facts = message.facts;
        child.started.resolve(message.facts);
        this.#troubles.clear(`role:${this.#nameOf(child)}`);
        if (this.#up) this.#log.info(`the ${child.name} process runs again`);
        break;
      case 'failed':
        child.lastWords = ` It said: ${message.code}: ${message.message} ${message.advice}`.trimEnd();
        child.started.reject(new StartError(message.code, message.message, message.advice));
        if (this.#stopping && child.name === 'manager') {
          this.#stopFailure = new SluiceError(message.code, message.message, message.advice);
        }
        break;
      case 'reload':
        this.#events.reload();
        break;
      case 'troubles':
        this.#troubled(this.#nameOf(child), message.troubles);
        break;
      default:
        message satisfies never;
    }
  }

  #exited(child: Child, forked: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (child.process === forked) child.process = undefined;
    if (forked.pid !== undefined) removeSign(this.#config.spool, child.name, forked.pid);
    if (child.name === 'sender') this.#tellManager({ kind: 'senderEnded', serial: child.serial });
    if (child.name === 'manager') this.#awaited.set([]);
    if (this.#stopping) return;
    this.#troubled(this.#nameOf(child), []);
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    // What ends by itself while starting would do so again; what somebody killed would not.
    if (!this.#up && signal === null && child.facts === undefined) {
      child.started.reject(
        new StartError('ROLE_FAILED', `The ${child.name} process ended ${how} while starting.`),
      );
      return;
    }
    if (performance.now() - child.startedAtMs > stableMs) child.delayMs = firstDelayMs;
    this.#log.error(`the ${child.name} process ended ${how}; starting it again in ${child.delayMs} ms`);
    this.#troubles.raise(
      `role:${this.#nameOf(child)}`,
      'critical',
      `The ${this.#nameOf(child)} process ended ${how} and is being started again.${child.lastWords}`,
      `Until it runs, ${withoutRole[child.name]}. If this goes on, look at the log for what it said.`,
    );
    child.lastWords = '';
    child.timer = setTimeout(() => this.#fork(child), child.delayMs);
    child.delayMs = Math.min(child.delayMs * 2, longestDelayMs);
  }

  /** `manager`, or `receiver 2` where there are several. */
  #nameOf({ name, index }: Child): string {
    const isOne = this.#children.filter((each) => each.name === name).length === 1;
    return isOne ? name : `${name} ${index + 1}`;
  }

  #troubled(name: string, troubles: readonly Trouble[]): void {
    this.#board.set(name, troubles);
    for (const child of this.#children) {
      if (child.name === 'control') this.#tell(child, { kind: 'troubles', troubles: this.#board.list });
    }
  }

  async #end(children: readonly Child[], graceMs: number): Promise<void> {
    await Promise.all(
      children.map(async (child) => {
        const running = child.process;
        if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
        const gone = new Promise<void>((resolve) => {
          running.once('exit', () => resolve());
        });
        this.#tell(child, { kind: 'stop', graceMs });
        const killer = setTimeout(() => running.kill('SIGKILL'), graceMs + killAfterMs);
        await gone;
        clearTimeout(killer);
      }),
    );
  }
}
