// Which queues are stopped: what operators have said, and where they have said nothing, what the configuration says. Promise: an operator's word
// is on stable storage before it is in force, and holds over restarts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { replaceFile } from '../../io/replace-file.ts';

/** What an operator has said of a queue. */
export type QueueWord = 'started' | 'stopped';

/** In the spool: names of queues and what operators have said of them, as JSON. */
export function queueStatesFile(spool: string): string {
  return join(spool, 'queue-states.json');
}

/** @throws {SyntaxError} or an error of the system when the file is there and cannot be read */
function readWords(spool: string): ReadonlyMap<string, QueueWord> {
  let text: string;
  try {
    text = readFileSync(queueStatesFile(spool), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const read: unknown = JSON.parse(text);
  if (typeof read !== 'object' || read === null) return new Map();
  return new Map(
    Object.entries(read).filter(
      (entry): entry is [string, QueueWord] => entry[1] === 'started' || entry[1] === 'stopped',
    ),
  );
}

/** @throws {Error} of the system when it cannot be stored: then nothing has changed */
export function storeQueueWord(spool: string, queue: string, word: QueueWord): void {
  const words = Object.fromEntries(new Map(readWords(spool)).set(queue, word));
  replaceFile(queueStatesFile(spool), Buffer.from(`${JSON.stringify(words)}\n`), { mode: 0o640 });
}

/**
 * The configuration with each queue as it is to be. A file that cannot be read stops all of these queues: a disk that an operator has taken away
 * must not be used.
 * @param told - hears why the file cannot be read
 */
export function withQueueStates<Kind extends Pick<Config, 'queues' | 'spool'>>(
  config: Kind,
  told: (problem: string) => void,
): Kind {
  if (config.queues.length === 0) return config;
  let words: ReadonlyMap<string, QueueWord>;
  try {
    words = readWords(config.spool);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    told(
      `${queueStatesFile(config.spool)} cannot be read, so all queues but the default one are stopped; start them with "sluice queue start", or remove the file: ${why}`,
    );
    return { ...config, queues: config.queues.map((each) => Object.assign({}, each, { stopped: true })) };
  }
  const queues = config.queues.map((each) => {
    const word = words.get(each.name);
    return word === undefined ? each : Object.assign({}, each, { stopped: word === 'stopped' });
  });
  return { ...config, queues };
}
