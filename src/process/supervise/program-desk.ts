// Runs programs of [[route]] tables, and delivers to users of the system, as other users, for sender processes, which are not root. A sender names a route and facts of the mail: which
// program runs with which arguments, as whom, and within which limits, is read from the supervisor's own configuration. The message comes in a
// file that only the sender's user can have written. The supervisor carries none of its bytes.

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ProgramAnswer, RoleToSupervisor } from '../../channel/messages.ts';
import { runFolder } from '../../channel/manager-socket.ts';
import type { Config } from '../../config/config.ts';
import { inheritedByPrograms } from '../../deliver/pipe/inherited.ts';
import { refusedRun, runPipe } from '../../deliver/pipe/programs.ts';
import { isPipeFacts, type PipeFacts } from '../../deliver/pipe/pipe-values.ts';
import { type SystemEnd, SystemRuns } from '../../deliver/system/system-runs.ts';
import { userAccount } from '../../io/user-account.ts';
import { planKeyOfRoute } from '../../settings/route-rules.ts';
import type { PipeWay } from '../../values/local-way.ts';
import type { SystemWay } from '../../values/system-way.ts';
import type { Child } from './child.ts';

type ProgramMessage = Extract<RoleToSupervisor, { readonly kind: 'runProgram' | 'endProgram' }>;

/** The process that asks, as far as it matters here. */
type Asker = Pick<Child, 'name' | 'serial'> & {
  readonly process: Pick<NonNullable<Child['process']>, 'connected' | 'send'> | undefined;
};

/** More than a sender that keeps to the limits ever asks for; a process that does not may not fill the machine. */
const mostRunsOverLimit = 2;

export class ProgramDesk {
  readonly #sendersUid: number | undefined;
  /** By the serial of the asking process, and the id of the run. */
  readonly #running = new Map<string, AbortController>();
  #system: SystemRuns | undefined;

  /** @param sendersUid - whom the senders run as; undefined: as this process, and then they run programs themselves */
  constructor(sendersUid: number | undefined) {
    this.#sendersUid = sendersUid;
  }

  heard(message: ProgramMessage, asker: Asker, config: Pick<Config, 'route' | 'spool' | 'deliver'>): void {
    const key = `${asker.serial} ${message.id}`;
    if (message.kind === 'endProgram') {
      this.#running.get(key)?.abort();
      return;
    }
    const { process } = asker;
    const breakOff = new AbortController();
    const refusal = this.#refusal(asker, key, config);
    if (refusal === undefined) this.#running.set(key, breakOff);
    const ended =
      refusal === undefined ? this.#run(message, config, breakOff.signal) : Promise.resolve(refusal);
    void ended.then((end) => {
      if (this.#running.get(key) === breakOff) this.#running.delete(key);
      const answer: ProgramAnswer = { kind: 'programEnded', id: message.id, end };
      if (process?.connected === true) process.send(answer, () => undefined);
    });
  }

  /** The process has ended: nobody asks any more about its programs, and their mail is tried again. */
  ended(serial: number): void {
    for (const [key, breakOff] of this.#running) if (key.startsWith(`${serial} `)) breakOff.abort();
  }

  #refusal(asker: Asker, key: string, { deliver }: Pick<Config, 'deliver'>): SystemEnd | undefined {
    if (asker.name !== 'sender' || this.#running.has(key))
      return refusedRun('only senders ask for programs, each with a number of its own');
    return this.#running.size >= deliver.maxLocal * mostRunsOverLimit
      ? refusedRun('too many programs run')
      : undefined;
  }

  async #run(
    { planKey, facts, file, isExpanded }: Extract<ProgramMessage, { readonly kind: 'runProgram' }>,
    config: Pick<Config, 'route' | 'spool'>,
    signal: AbortSignal,
  ): Promise<SystemEnd> {
    const way = wayOf(config, planKey);
    if (way === undefined || (way.kind === 'pipe' && way.as === undefined))
      return refusedRun('the route is another one since the last reload');
    if (!isPipeFacts(facts)) return refusedRun('the facts of the mail are none');
    if (way.kind === 'local') {
      const open = (): number => this.#open(file, config.spool);
      return this.#systemRuns().run(
        { way, facts, isExpanded: isExpanded === true, open, close: closeSync },
        signal,
      );
    }
    return this.#runPipe(way, facts, () => this.#open(file, config.spool), signal);
  }

  /** Made when it is needed first. */
  #systemRuns(): SystemRuns {
    return (this.#system ??= new SystemRuns());
  }

  async #runPipe(
    way: PipeWay,
    facts: PipeFacts,
    open: () => number,
    signal: AbortSignal,
  ): Promise<SystemEnd> {
    let input: number | undefined;
    try {
      if (way.as === undefined) return refusedRun('the route names no user');
      const account = await userAccount(way.as.user, way.as.group);
      const { uid, gid } = account;
      if (uid === 0 || gid === 0) return refusedRun('it would run as root');
      input = open();
      return await runPipe(
        { way, facts },
        input,
        { ...account, as: { uid, gid } },
        inheritedByPrograms(),
        signal,
      );
    } catch (error) {
      return refusedRun(error instanceof Error ? error.message : String(error));
    } finally {
      if (input !== undefined) closeSync(input);
    }
  }

  /** A sender that was taken over must not have a program read what the sender itself may not. */
  #open(file: string, spool: string): number {
    if (dirname(file) !== runFolder(spool)) throw new Error('its message is in no file of this spool');
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
    const input = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fstatSync(input);
    if (stats.isFile() && stats.uid === this.#sendersUid && stats.nlink === 1) return input;
    closeSync(input);
    throw new Error('its message is in no file of the senders');
  }
}

function wayOf({ route: routes }: Pick<Config, 'route'>, planKey: string): PipeWay | SystemWay | undefined {
  for (const [index, route] of routes.entries()) {
    if (route.kind !== 'pipe' && route.kind !== 'local') continue;
    if (planKeyOfRoute(routes, route, index) !== planKey) continue;
    return route.way.kind === 'pipe' || route.way.kind === 'local' ? route.way : undefined;
  }
  return undefined;
}
