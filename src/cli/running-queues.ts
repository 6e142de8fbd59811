// Queues of a running Sluice: added by a reload, stopped and started by operators. Promises: mail is assigned to a new queue only when each process
// has its store; what an operator says is on stable storage before it is in force.

import { existsSync } from 'node:fs';
import type { Config } from '../config/config.ts';
import type { QueueStateAnswer, QueueStateQuestion } from '../control/operations/queue-state.ts';
import { StartError } from '../errors/start-error.ts';
import type { Logger } from '../log/logger.ts';
import { ownSpool } from '../process/privileges/own-spool.ts';
import type { RoleUsers } from '../process/privileges/role-users.ts';
import type { Instance } from '../process/supervise/instance.ts';
import type { DiskWatches } from '../process/watch/disk-watches.ts';
import { makeQueueFolders } from '../process/watch/queue-folders.ts';
import { storeQueueWord, withQueueStates } from '../process/watch/queue-states.ts';

/** Deliveries of a queue that stops get this time to end before its operator is told that they go on. */
const stopWithinMs = 60_000;

interface RunningQueuesParts {
  readonly instance: Pick<Instance, 'configure'>;
  readonly log: Logger;
  readonly users: RoleUsers | undefined;
  readonly disks: Pick<DiskWatches, 'configure'>;
  /** That in force. */
  readonly config: () => Config;
  /** Takes another one as that in force. */
  readonly use: (config: Config) => void;
}

export class RunningQueues {
  readonly #parts: RunningQueuesParts;
  /** Names of the queues whose stores all processes have. */
  #known: ReadonlySet<string>;

  constructor(parts: RunningQueuesParts) {
    this.#parts = parts;
    this.#known = namesOf(parts.config());
  }

  /** The configuration with each queue stopped or not, as operators have said. */
  withStates(config: Config): Config {
    return withQueueStates(config, (problem) => this.#parts.log.error(problem));
  }

  /** Makes the folders of queues that are new, and gives them to the users of the roles. */
  prepare(before: Config, next: Config): void {
    const { log } = this.#parts;
    const known = new Set(before.queues.map(({ path }) => path));
    const added = next.queues.filter(({ path }) => !known.has(path));
    if (added.length === 0) return;
    makeQueueFolders(next, log);
    for (const { path } of added) this.#give(path);
  }

  /** Gives a folder that no process uses to the users of the roles: an administrator may have made it. */
  #give(path: string): void {
    const { log, users } = this.#parts;
    if (users === undefined || process.getuid?.() !== 0 || !existsSync(path)) return;
    try {
      for (const each of ownSpool(path, users, 'queue')) log.warn(each);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      log.error(error.message);
    }
  }

  /** Puts a configuration in force; see `Instance.configure`. */
  async configure(config: Config): Promise<readonly string[]> {
    const { instance, disks } = this.#parts;
    disks.configure(config);
    const isNew = (name: string): boolean =>
      config.queues.some((each) => each.name === name) && !this.#known.has(name);
    if (!config.queues.some(({ name }) => isNew(name))) return instance.configure(config);
    const assignment = config.assignment.filter(({ queue }) => !isNew(queue));
    await instance.configure({ ...config, assignment }, { isForAll: true });
    this.#known = namesOf(config);
    return instance.configure(this.#parts.config() === config ? config : this.#parts.config());
  }

  /** Never rejects. */
  async setState({ queue, action }: QueueStateQuestion): Promise<QueueStateAnswer> {
    const { config, disks, instance, log, use } = this.#parts;
    const before = config();
    const problem = this.#problemOf(before, queue);
    if (problem !== undefined) return { problem, notDone: [] };
    try {
      storeQueueWord(before.spool, queue, action === 'stop' ? 'stopped' : 'started');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { problem: `The state of the queue ${queue} cannot be stored: ${why}.`, notDone: [] };
    }
    const next = this.withStates(before);
    const changed = before.queues.find(({ name }) => name === queue);
    if (action === 'start' && changed?.stopped === true) this.#give(changed.path);
    use(next);
    disks.configure(next);
    log.info(`an operator ${action === 'stop' ? 'stops' : 'starts'} the queue ${queue}`);
    const notDone = await instance.configure(next, { waitMs: stopWithinMs });
    // What senders and the control process have read meanwhile, they close now.
    const notClosed = await instance.configure(config(), { isForAll: true });
    return { problem: '', notDone: [...new Set([...notDone, ...notClosed])] };
  }

  #problemOf({ queues }: Config, queue: string): string | undefined {
    if (queues.some(({ name }) => name === queue)) return undefined;
    if (queue === 'default')
      return 'The default queue cannot be stopped: what Sluice works with lies beside its mail. Stop Sluice, or suspend deliveries with "sluice suspend all".';
    return `There is no [queues.${queue}] in force; there are ${['default', ...queues.map(({ name }) => name)].join(', ')}.`;
  }
}

function namesOf({ queues }: Config): ReadonlySet<string> {
  return new Set(queues.map(({ name }) => name));
}
