// Reads a list of queues in the form of s/qmail's QMQ: lines ID:NAME[:IP], and settings NAME=VALUE, also as SKELETON_NAME=VALUE of a conf-qmq.
// Pure. Promise: a line that cannot be understood is an error with its number; a setting that is not used is told.

import { isIP } from '../../values/ip-version.ts';
import { defaultQueue } from '../../values/queue-name.ts';

/** One queue of the list. */
export interface QmqInstance {
  /** 0 to 99, as written: `01`. */
  readonly id: string;
  readonly name: string;
  /** The address that its connections come from; undefined: that of all. */
  readonly ip: string | undefined;
}

export interface QmqList {
  readonly instances: readonly QmqInstance[];
  readonly concurrency: number | undefined;
  /** As written, perhaps a number without a unit. */
  readonly lifetime: string | undefined;
  /** Listeners have this port and the ID; undefined: there are none. */
  readonly basePort: number | undefined;
  /** Sentences about what is not used. */
  readonly unused: readonly string[];
}

export interface LineFault {
  /** The first is 1. */
  readonly line: number;
  readonly text: string;
}

const mostLines = 10_000;
const longestLine = 1_000;
const setting = /^(?:export\s+)?(?:SKELETON_)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/u;
const queueName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/u;

/** @returns the list, or all faults */
export function readInstances(text: string): QmqList | readonly LineFault[] {
  const lines = text.split(/\r?\n/u);
  if (lines.length > mostLines) return [{ line: mostLines, text: `there are more than ${mostLines} lines` }];
  const reader = new Reader();
  for (const [index, line] of lines.entries()) reader.read(index + 1, line);
  return reader.faults.length > 0 ? reader.faults : reader.list();
}

class Reader {
  readonly faults: LineFault[] = [];
  readonly #instances: QmqInstance[] = [];
  readonly #unused: string[] = [];
  #concurrency: number | undefined;
  #lifetime: string | undefined;
  #basePort: number | undefined;

  read(line: number, text: string): void {
    const content = text.replace(/(?:^|\s)#.*$/u, '').trim();
    if (content === '') return;
    const fault = text.length > longestLine ? 'it is too long' : this.#take(content);
    if (fault !== undefined) this.faults.push({ line, text: fault });
  }

  list(): QmqList {
    return {
      instances: this.#instances,
      concurrency: this.#concurrency,
      lifetime: this.#lifetime,
      basePort: this.#basePort,
      unused: this.#unused,
    };
  }

  /** @returns why it cannot be understood */
  #take(content: string): string | undefined {
    const [, name, value = ''] = setting.exec(content) ?? [];
    if (name !== undefined) return this.#set(name.toUpperCase(), unquoted(value));
    return this.#instance(unquoted(content));
  }

  #set(name: string, value: string): string | undefined {
    // Whatever stands before or behind the word, such as in CONCURRENCYREMOTE.
    if (name.includes('CONCURRENCY') && !name.includes('LOCAL')) {
      if (!/^\d{1,6}$/u.test(value)) return `${name} must be a number of connections, such as 20`;
      this.#concurrency = Number(value);
    } else if (name.includes('LIFETIME')) {
      if (!/^\d{1,12}\s*(?:ms|s|m|h|d|w)?$/u.test(value)) return `${name} must be a time such as 24h`;
      this.#lifetime = value;
    } else if (name.includes('PORT')) {
      if (!/^\d{1,5}$/u.test(value) || Number(value) > 65_435 || Number(value) === 0)
        return `${name} must be a port from 1 to 65435: the ID is added to it`;
      this.#basePort = Number(value);
    } else this.#unused.push(`${name} is not used here`);
    return undefined;
  }

  #instance(content: string): string | undefined {
    const [id = '', name = '', ...rest] = content.split(':');
    const ip = rest.join(':');
    if (!/^\d{1,2}$/u.test(id) || name === '')
      return 'it is neither ID:NAME[:IP], such as 01:news:192.0.2.26, nor NAME=VALUE';
    if (!queueName.test(name) || name === defaultQueue)
      return `${JSON.stringify(name)} is not the name of a queue; write letters, digits, "_" and "-"`;
    if (ip !== '' && isIP(ip) === 0) return `${JSON.stringify(ip)} is no IP address`;
    const same = this.#instances.find((each) => Number(each.id) === Number(id) || each.name === name);
    if (same !== undefined) return `the ID or the name is that of ${same.id}:${same.name} already`;
    this.#instances.push({ id, name, ip: ip === '' ? undefined : ip });
    return undefined;
  }
}

function unquoted(text: string): string {
  const [, inner] = /^(?:"([^"]*)"|'([^']*)')$/u.exec(text)?.filter((each) => each !== undefined) ?? [];
  return inner ?? text;
}
