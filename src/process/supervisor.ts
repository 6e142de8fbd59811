// The supervisor: starts a process for each role, starts again what dies, passes on reload and stop. Carries no mail.

import { fork, type ChildProcess } from 'node:child_process';
import type { Config } from '../config/config.ts';
import { StartError } from '../errors/start-error.ts';
import type { Logger } from '../log/logger.ts';
import { Receiver } from '../receive/receiver.ts';
import { TroubleBoard } from '../stats/trouble-board.ts';
import type { Trouble, Troubles } from '../stats/troubles.ts';
import type { ReloadAnswer, RoleFacts, RoleToSupervisor, SupervisorToRole } from './messages.ts';
import type { Instance, InstanceEvents } from './instance.ts';

type RoleName = 'manager' | 'receiver' | 'sender' | 'control';

/** The role program beside this file: TypeScript in a checkout, JavaScript in a package. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? './role-main.ts' : './role-main.js',
  import.meta.url,
);

/** A process that lived shorter than this has not recovered by being started again: wait longer each time. */
const stableMs = 10_000;
const firstDelayMs = 100;
const longestDelayMs = 30_000;

/**
 * A connection is small and lives long: with the usual young generation most of a sender's memory would be garbage and
 * room for it (12,000 idle connections: 9.5 KiB each, and 5.4 KiB with 4 MiB; the same CPU for each message).
 */
const runtimeOptions: Readonly<Partial<Record<RoleName, readonly string[]>>> = {
  sender: ['--max-semi-space-size=4'],
};

/** Given to a process beyond the grace before it is killed. */
const killAfterMs = 5_000;

/** What does not happen while a role does not run. */
const withoutRole: Readonly<Record<RoleName, string>> = {
  manager: 'mail is taken and nothing is delivered',
  receiver: 'its clients have to try again',
  sender: 'the others deliver, or nobody does if there is one only',
  control: 'operators get no answers',
};

interface Child {
  readonly name: RoleName;
  readonly index: number;
  process: ChildProcess | undefined;
  facts: RoleFacts | undefined;
  startedAtMs: number;
  delayMs: number;
  timer: NodeJS.Timeout | undefined;
  /** What it said before it ended, when it knew why it could not go on. */
  lastWords: string;
  /** Settles when the role has started, or has said why it cannot. */
  started: PromiseWithResolvers<RoleFacts>;
}

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
    if (this.#config.processes.receivers > 1) {
      for (const { address } of this.#config.listen) await Receiver.checkFree(address);
    }
    this.#add('manager', 0);
    for (let index = 0; index < this.#config.processes.senders; index++) this.#add('sender', index);
    for (let index = 0; index < this.#config.processes.receivers; index++) this.#add('receiver', index);
    this.#add('control', 0);
    for (const child of this.#children) this.#fork(child);
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
    await this.#end(manager, graceMs);
    await this.#end(this.#children, graceMs);
  }

  #add(name: RoleName, index: number): void {
    const started = Promise.withResolvers<RoleFacts>();
    started.promise.catch(() => undefined); // several may fail; the first one is reported
    this.#children.push({
      name,
      index,
      process: undefined,
      facts: undefined,
      startedAtMs: 0,
      delayMs: firstDelayMs,
      timer: undefined,
      lastWords: '',
      started,
    });
  }

  #fork(child: Child): void {
    child.startedAtMs = Date.now();
    const forked = fork(program, [child.name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...process.execArgv, ...(runtimeOptions[child.name] ?? [])],
    });
    child.process = forked;
    forked.on('message', (message: RoleToSupervisor) => this.#heard(child, message));
    forked.on('error', (error) => this.#log.error(`the ${child.name} process: ${error.message}`));
    forked.on('exit', (code, signal) => this.#exited(child, forked, code, signal));
    this.#tell(child, { kind: 'start', config: this.#config, index: child.index });
    if (child.name === 'control') this.#tell(child, { kind: 'troubles', troubles: this.#board.list });
  }

  #tell(child: Child, message: SupervisorToRole): void {
    if (child.process?.connected === true) child.process.send(message, () => undefined);
  }

  #heard(child: Child, message: RoleToSupervisor): void {
    switch (message.kind) {
      case 'started':
        child.facts = message.facts;
        child.started.resolve(message.facts);
        this.#troubles.clear(`role:${this.#nameOf(child)}`);
        if (this.#up) this.#log.info(`the ${child.name} process runs again`);
        break;
      case 'failed':
        child.lastWords = ` It said: ${message.code}: ${message.message} ${message.advice}`.trimEnd();
        child.started.reject(new StartError(message.code, message.message, message.advice));
        break;
      case 'reload':
        this.#events.reload();
        break;
      case 'troubles':
        this.#troubled(this.#nameOf(child), message.troubles);
        break;
    }
  }

  #exited(child: Child, forked: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (child.process === forked) child.process = undefined;
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
    if (Date.now() - child.startedAtMs > stableMs) child.delayMs = firstDelayMs;
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
