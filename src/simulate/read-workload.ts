// Reads a workload from a file of JSON lines, one for each message. Mistakes are reported with their line.

import { closest } from '../values/closest.ts';
import { parseRecipientDomain } from '../values/domain.ts';
import { parseDuration } from '../values/duration.ts';
import { parseSize } from '../values/size.ts';
import { ValueError } from '../values/value-error.ts';
import { SimulationError } from './simulation-error.ts';
import { Workload } from './workload.ts';

const keys = ['at', 'from', 'to', 'count', 'over', 'tenant', 'priority', 'size'];
const usualSender = 'sender@workload.example';
const usualSizeBytes = 20_000;
const mostMessages = 50_000_000;

/** Reads a workload line by line. */
export class WorkloadReader {
  readonly workload = new Workload();
  readonly #fileName: string;
  #line = 0;
  /** Do times have dates? Undefined: none was seen yet. */
  #hasDates: boolean | undefined;
  /** Domains that were read before, by the text in the file: there are few, and so each is parsed once. */
  readonly #domains = new Map<string, string>();

  /** @param fileName for messages */
  constructor(fileName: string) {
    this.#fileName = fileName;
  }

  /** @throws {SimulationError} when the line is no send */
  line(text: string): void {
    this.#line++;
    const trimmed = text.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return;
    try {
      this.#send(JSON.parse(trimmed) as unknown);
    } catch (error) {
      if (error instanceof SyntaxError) this.#fail(`is not JSON: ${error.message}`);
      if (error instanceof ValueError) this.#fail(error.message);
      throw error;
    }
  }

  /** To be called after the last line. */
  end(): Workload {
    if (this.workload.messages === 0)
      throw inputError(
        `${this.#fileName}: no line of it is a send`,
        'Write one send a line; docs/simulate.md shows what a workload looks like.',
      );
    if (this.#hasDates === true) this.workload.startAtZero();
    return this.workload;
  }

  #send(send: unknown): void {
    if (typeof send !== 'object' || send === null || Array.isArray(send))
      throw new ValueError(
        'a send is an object such as {"at":"0s","from":"a@example.com","to":"b@example.net"}',
      );
    for (const key of Object.keys(send)) {
      if (keys.includes(key)) continue;
      if (key === 'queue') throw new ValueError('"queue" is called "tenant" now: write "tenant": NAME');
      const meant = closest(key, keys);
      const hint = meant === undefined ? `; there are ${keys.join(', ')}` : `; did you mean "${meant}"?`;
      throw new ValueError(`there is no key "${key}"${hint}`);
    }
    const {
      at = 0,
      from = usualSender,
      to,
      count = 1,
      over = '0s',
      tenant,
      priority,
      size,
    } = send as Record<string, unknown>;
    const atMs = this.#time(at);
    const messages = whole('count', count, 1, mostMessages);
    const overMs =
      typeof over === 'string' ? parseDuration(over) : whole('over', over, 0, Number.MAX_SAFE_INTEGER);
    if (typeof from !== 'string') throw new ValueError('"from" must be an address, or "<>"');
    if (tenant !== undefined && typeof tenant !== 'string') throw new ValueError('"tenant" must be a name');
    const one = {
      from: from === '<>' ? '' : from,
      to: this.#recipients(to),
      tenant,
      priority: priority === undefined ? undefined : whole('priority', priority, -9, 9),
      sizeBytes: sizeOf(size),
    };
    for (let number = 0; number < messages; number++)
      this.workload.add({ ...one, atMs: atMs + Math.floor((overMs * number) / messages) });
  }

  /** Ms, from 0 or from 1970. */
  #time(at: unknown): number {
    const isDate = typeof at === 'string' && /^\d{4}-/.test(at);
    const dateMs = isDate ? Date.parse(at) : 0;
    if (Number.isNaN(dateMs))
      throw new ValueError(`"at": "${String(at)}" is not a date such as "2026-11-30T08:00:00Z"`);
    if (this.#hasDates !== undefined && this.#hasDates !== isDate)
      throw new ValueError('"at" has a date in some lines and none in others');
    this.#hasDates = isDate;
    if (isDate) return dateMs;
    if (typeof at === 'string') return parseDuration(at);
    return whole('at', at, 0, Number.MAX_SAFE_INTEGER);
  }

  #recipients(to: unknown): string[] {
    const list: unknown[] = Array.isArray(to) ? to : [to];
    if (list.length === 0 || !list.every((each) => typeof each === 'string'))
      throw new ValueError('"to" must be an address, a domain, or a list of them');
    return list.map((each) => this.#domainOf(each));
  }

  #domainOf(recipient: string): string {
    const text = recipient.slice(recipient.lastIndexOf('@') + 1);
    let domain = this.#domains.get(text);
    if (domain === undefined) {
      const pattern = parseRecipientDomain(text);
      if (pattern.kind === 'suffix') throw new ValueError(`"${recipient}" is not an address or a domain`);
      ({ domain } = pattern);
      this.#domains.set(text, domain);
    }
    return domain;
  }

  #fail(what: string): never {
    throw inputError(
      `${this.#fileName}:${this.#line}: ${what}`,
      'Correct the line; docs/simulate.md shows what a workload looks like.',
    );
  }
}

function inputError(what: string, advice: string): SimulationError {
  return new SimulationError('SIMULATION_INPUT', `Reading the workload: ${what}`, advice);
}

function whole(key: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw new ValueError(`"${key}" must be a whole number, ${range}`);
}

function sizeOf(size: unknown): number {
  if (size === undefined) return usualSizeBytes;
  return typeof size === 'string' ? parseSize(size) : whole('size', size, 0, 2 ** 31);
}
