// What `sluice qmq` works on: the list of queues, the configuration with its fragments, and what of the list is there already.

import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import type { Config } from '../../config/config.ts';
import { systemReason } from '../../config/read/config-error.ts';
import { readConfig } from '../config-file.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import { fragmentName, isAsMade } from './fragment.ts';
import { type QmqInstance, type QmqList, readInstances } from './read-instances.ts';

const mostBytes = 1024 * 1024;

export interface QmqPlace {
  readonly config: Config;
  /** Absolute path of the list. */
  readonly file: string;
  readonly list: QmqList;
  /** Absolute; where fragments are. */
  readonly fragments: string;
}

/** What there is of a queue of the list. */
export interface QmqState {
  readonly instance: QmqInstance;
  /** Absolute. */
  readonly path: string;
  readonly fragment: 'none' | 'made' | 'changed';
  /** Where the configuration keeps it; undefined: it is not in the configuration. */
  readonly store: string | undefined;
  readonly hasStore: boolean;
}

/** @throws {CommandError} `QMQ_LIST` when the list cannot be read or understood, `QMQ_CONFIG` without a file of the configuration */
export function qmqPlace(named: string | undefined, configFile: string | undefined): QmqPlace {
  const config = readConfig(configFile);
  if (config.file === undefined)
    throw new CommandError(
      exitCodes.config,
      'QMQ_CONFIG',
      'There is no file of the configuration, beside which the fragments of queues could be.',
      'Write one with "sluice init", or name one with --config.',
    );
  const folder = dirname(config.file);
  const file = resolve(named ?? join(folder, 'qmq.conf'));
  const name = basename(config.file);
  const fragments = name === 'sluice.toml' ? 'conf.d' : `${name.replace(/\.toml$/u, '')}.d`;
  return { config, file, list: readList(file), fragments: join(folder, fragments) };
}

export function statesOf({ config, list, fragments }: QmqPlace): QmqState[] {
  return list.instances.map((instance) => {
    const path = join(fragments, fragmentName(instance));
    const store = config.queues.find(({ name }) => name === instance.name)?.path;
    const fragment = !existsSync(path) ? 'none' : isAsMade(readFileSync(path, 'utf8')) ? 'made' : 'changed';
    return { instance, path, fragment, store, hasStore: store !== undefined && existsSync(store) };
  });
}

function readList(file: string): QmqList {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(
      exitCodes.failed,
      'QMQ_LIST',
      `Reading the list of queues in ${file}: ${systemReason(error)}.`,
      'Write lines ID:NAME[:IP] into it, such as 01:news:192.0.2.26, or name a conf-qmq of s/qmail with --file.',
    );
  }
  const list =
    text.length > mostBytes ? [{ line: 1, text: 'the file is larger than 1 MiB' }] : readInstances(text);
  if ('instances' in list) return list;
  throw new CommandError(
    exitCodes.config,
    'QMQ_LIST',
    list
      .slice(0, 20)
      .map((fault) => `${file}:${fault.line}: ${fault.text}.`)
      .join('\n'),
    'Correct these lines. Each is ID:NAME[:IP] or NAME=VALUE; a comment begins with #.',
  );
}
