// Which parts of a new configuration a running Sluice can use, and which have to wait for a restart.

import { join } from 'node:path';
import type { Config } from '../config/config.ts';

/** The configuration that a reload puts in force, and the changed keys that need a restart. */
export interface Reloadable {
  readonly config: Config;
  /** As in the file, e.g. `[[listen]]`. */
  readonly afterRestart: readonly string[];
}

/** Takes from `next` what may change, and from `running` the rest: a process that starts again must agree with the others. */
export function reloadable(running: Config, next: Config): Reloadable {
  const { segmentSize, reserve, sync, journalSync, relocateAfter } = running.queue;
  const { compression, compressionLevel } = running.queue;
  // Each process opens its logs once, at its start.
  const { level, rotateSize, rotateEvery, rotateKeep, rotateCompress } = next.log;
  const config: Config = {
    ...next,
    spool: running.spool,
    queues: keptStores(running, next),
    controlSocket: running.controlSocket,
    submissionSocket: running.submissionSocket,
    control: running.control,
    user: running.user,
    users: running.users,
    front: isFront(running) === isFront(next) ? next.front : running.front,
    processes: running.processes,
    queue: {
      ...next.queue,
      segmentSize,
      reserve,
      sync,
      journalSync,
      relocateAfter,
      compression,
      compressionLevel,
    },
    log: { ...running.log, level, rotateSize, rotateEvery, rotateKeep, rotateCompress },
    crash: { ...next.crash, folder: running.crash.folder },
  };
  const kept: readonly (readonly [key: string, kept: unknown, wanted: unknown])[] = [
    ['spool', config.spool, next.spool],
    ['[queues]', sorted(config), sorted(next)],
    ['control_socket', config.controlSocket, next.controlSocket],
    ['submission_socket', config.submissionSocket, next.submissionSocket],
    ['[control]', config.control, next.control],
    ['user', config.user, next.user],
    ['[users]', config.users, next.users],
    ['front.servers', isFront(running), isFront(next)],
    ['[processes]', config.processes, next.processes],
    ['queue.segment_size', segmentSize, next.queue.segmentSize],
    ['queue.reserve', reserve, next.queue.reserve],
    ['queue.sync', sync, next.queue.sync],
    ['queue.journal_sync', journalSync, next.queue.journalSync],
    ['queue.relocate_after', relocateAfter, next.queue.relocateAfter],
    ['queue.compression', compression, next.queue.compression],
    ['queue.compression_level', compressionLevel, next.queue.compressionLevel],
    ['log.format', config.log.format, next.log.format],
    ['log.file', config.log.file, next.log.file],
    ['log.stdout', config.log.stdout, next.log.stdout],
    ['log.priorities', config.log.priorities, next.log.priorities],
    ['log.syslog', config.log.syslog, next.log.syslog],
    ['log.syslog_facility', config.log.syslogFacility, next.log.syslogFacility],
    ['log.syslog_level', config.log.syslogLevel, next.log.syslogLevel],
    ['crash.folder', crashFolder(running), crashFolder(next)],
  ];
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  return { config, afterRestart: kept.flatMap(([key, is, wanted]) => (differs(is, wanted) ? [key] : [])) };
}

/** Is there no queue? Its servers may change while it runs. */
function isFront({ front }: Config): boolean {
  return front.servers.length > 0;
}

/** Undefined where it is that of the spool, with which it moves. */
function crashFolder({ spool, crash: { folder } }: Config): string | undefined {
  return folder === join(spool, 'crash') ? undefined : folder;
}

/** What a process opens at its start. Queues may be added where there are several, and one that is stopped may be moved. */
function sorted({ queues }: Config): readonly unknown[] {
  return queues
    .map(({ name, path, reserve, compression, compressionLevel, operatorGroup, operatorReadOnlyGroup }) => ({
      name,
      path,
      reserve,
      compression,
      compressionLevel,
      operatorGroup,
      operatorReadOnlyGroup,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The queues there are stay, in their order, because processes know them by their numbers; those that are new come behind them. Their
 * times are those of the new file.
 */
function keptStores(running: Config, next: Config): Config['queues'] {
  const known = new Map(next.queues.map((each) => [each.name, each]));
  const kept = running.queues.map((queue) => {
    const { name, path, reserve, stopped, compression, compressionLevel } = queue;
    const { operatorGroup, operatorReadOnlyGroup } = queue;
    const opened = { compression, compressionLevel, operatorGroup, operatorReadOnlyGroup };
    const wanted = known.get(name) ?? queue;
    return stopped === true
      ? { ...wanted, ...opened, stopped }
      : { ...wanted, ...opened, name, path, reserve };
  });
  if (running.queues.length === 0) return kept;
  const names = new Set(running.queues.map(({ name }) => name));
  const added = next.queues.filter(({ name }) => !names.has(name));
  // The control process makes its sockets at its start.
  return [...kept, ...added.map(withoutOperators)];
}

function withoutOperators(queue: Config['queues'][number]): Config['queues'][number] {
  return { ...queue, operatorGroup: undefined, operatorReadOnlyGroup: undefined };
}
