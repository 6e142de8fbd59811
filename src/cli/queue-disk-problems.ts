// What `sluice check` finds about the disks of queues beside the default one.

import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { diskProblemNow } from '../process/watch/disk-watch.ts';

/** Those that are stopped are not looked at: their disks may be away. */
export function queueDiskProblems({
  queue,
  queues,
  spool,
}: Pick<Config, 'queue' | 'queues' | 'spool'>): ConfigWarning[] {
  return queues.flatMap(({ name, path, reserve = queue.reserve, stopped }): ConfigWarning[] => {
    if (stopped === true) return [];
    const at = ['queues', name, 'path'];
    if (isFolder(path)) {
      const disk = diskProblemNow({ spool: path, queue: { ...queue, reserve }, name });
      return disk === undefined ? [] : [{ path: ['queues', name], message: `${disk.text} ${disk.advice}` }];
    }
    const parent = dirname(path);
    // The folder for all queues that name none is made with them.
    if (isFolder(parent) || parent === join(dirname(spool), 'queues')) return [];
    const message = `the folder ${path} cannot be made, because ${parent} is not there: make it, or mount its disk; until then the queue takes no mail`;
    return [{ path: at, message }];
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
