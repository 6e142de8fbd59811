// [queues.NAME] and [[assignment]] as the rest of Sluice sees them.

import { dirname, join, resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { diversions } from './schema/diversion.ts';
import type { assignments, queues } from './schema/queues.ts';

type FileQueues = DeepReadonly<CamelKeys<z.output<typeof queues>>>;
type DiversionConfig = DeepReadonly<CamelKeys<z.output<typeof diversions>>>[number];
export type AssignmentConfig = DeepReadonly<CamelKeys<z.output<typeof assignments>>>[number];

/** A queue beside the default one. Without reserve, retry and lifetimes of its own, it has those of [queue]. */
export type QueueStoreConfig = Omit<FileQueues[number], 'path'> & {
  /** Absolute. */
  readonly path: string;
};

/** The parts of the configuration that they are. */
export interface WithQueues {
  /** In the order of the file: the number of a queue is its place here, and one more; that of the default queue is 0. */
  readonly queues: readonly QueueStoreConfig[];
  readonly assignment: readonly AssignmentConfig[];
  readonly diversion: readonly DiversionConfig[];
}

interface FileTables {
  readonly queues: FileQueues;
  readonly assignment: readonly AssignmentConfig[];
  readonly diversion: readonly DiversionConfig[];
}

/** @param spool - the folder of the default queue, absolute. @param folder - that of the configuration file */
export function toQueues(
  { queues, assignment, diversion }: FileTables,
  spool: string,
  folder: string,
): WithQueues {
  const beside = join(dirname(spool), 'queues');
  return {
    queues: queues.map((each) => ({ ...each, path: resolve(folder, each.path ?? join(beside, each.name)) })),
    assignment,
    diversion,
  };
}
