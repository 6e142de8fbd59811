// Queues that were taken out of the configuration while mail waited in them. Promise: that mail is told of at each start until it is gone.

import { readdir } from 'node:fs/promises';
import type { Logger } from '../../log/logger.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { forgetQueueFolder } from './queue-folders.ts';

/** @param folders - of queues that the configuration does not have any more. Never rejects. */
export async function tellLeftQueues(
  spool: string,
  folders: readonly string[],
  { log, troubles }: { readonly log: Pick<Logger, 'warn'>; readonly troubles: Pick<Troubles, 'raise'> },
): Promise<void> {
  for (const folder of folders) {
    const left = await mailIn(folder);
    if (left === 'none') forgetQueueFolder(spool, folder);
    if (left === 'none' || left === 'away') continue;
    const text = `${left}, and no queue of the configuration has this folder.`;
    const advice = `Name it again as path of a [queues.NAME], and restart Sluice; "sluice queue move" brings its mail into another queue.`;
    troubles.raise(`left:${folder}`, 'warning', text, advice);
    log.warn(`${text} ${advice}`);
  }
}

/** @returns `none`; `away` when its disk may not be mounted; else what is there, in a sentence without its end */
async function mailIn(folder: string): Promise<string> {
  try {
    if ((await readdir(folder)).length === 0) return 'away';
    // Others do not load it.
    const { inspectSpool } = await import('../../spool/open.ts');
    for await (const { kind } of inspectSpool(folder))
      if (kind === 'message') return `Mail waits in ${folder}`;
    return 'none';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'away';
    const why = error instanceof Error ? error.message : String(error);
    return `Whether mail waits in ${folder} cannot be told (${why})`;
  }
}
