// One event on one line for people: time, what happened, which message, from whom to whom, where, and what was answered.
// Promises: text from outside cannot move the cursor or forge a line; control characters are shown as "?".

import { replaceUnprintable } from '../values/unprintable.ts';
import type { LogFields, LogValue } from './event.ts';
import type { LogLevel } from './log-level.ts';

const colour = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, grey: 90 } as const;
type Colour = keyof typeof colour;

const eventColour: Readonly<Record<string, Colour>> = {
  received: 'cyan',
  rejected: 'magenta',
  delivered: 'green',
  deferred: 'yellow',
  bounced: 'red',
  dropped: 'red',
  removed: 'blue',
  released: 'blue',
  moved: 'blue',
};
const levelColour: Readonly<Record<LogLevel, Colour | undefined>> = {
  debug: 'grey',
  info: undefined,
  warn: 'yellow',
  error: 'red',
};
/** Shown in their own place; all other fields follow as name=value. */
const placed = new Set(
  'id from to client helo site remote host size reply reason expired delayMs connectMs transactionMs'.split(
    ' ',
  ),
);

/**
 * Prints one line, with its line end.
 * @param time - undefined: without a clock
 * @param words The event's name, or a message.
 */
export function prettyLine(
  time: Date | undefined,
  level: LogLevel,
  words: string,
  fields: LogFields,
  colours: boolean,
): string {
  const parts: string[] = [];
  const add = (text: string, name?: Colour): void => {
    const cleaned = clean(text);
    parts.push(colours && name !== undefined ? `\x1b[${colour[name]}m${cleaned}\x1b[39m` : cleaned);
  };
  if (time !== undefined) add(clock(time), 'grey');
  add(words.padEnd(9), eventColour[words] ?? levelColour[level]);
  if (fields.id !== undefined) add(fields.id);
  if (fields.from !== undefined || fields.to !== undefined) add(way(fields.from, fields.to));
  if (fields.client !== undefined) add(`from ${peer(fields.client, fields.helo)}`);
  if (fields.remote !== undefined) add(`by ${peer(fields.remote, fields.host)}`);
  else if (fields.site !== undefined) add(`by ${fields.site}`);
  if (fields.size !== undefined) add(`${fields.size} B`, 'grey');
  if (fields.reply !== undefined && fields.reply !== '') add(`"${fields.reply}"`);
  if (fields.reason !== undefined) add(fields.reason);
  if (fields.expired === true) add('(its lifetime is over)');
  const took = spent(fields);
  if (took !== '') add(took, 'grey');
  for (const [name, value] of Object.entries(fields)) {
    if (!placed.has(name) && value !== undefined) add(`${name}=${shown(value)}`, 'grey');
  }
  return `${parts.join(' ')}\n`;
}

function clock(time: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

function way(from: string | undefined, to: string | readonly string[] | undefined): string {
  const recipients = typeof to === 'string' ? [to] : (to ?? []);
  const few = recipients.slice(0, 3).map((address) => `<${address}>`);
  if (recipients.length > 3) few.push(`and ${recipients.length - 3} more`);
  const right = few.join(' ');
  if (from === undefined) return `-> ${right}`;
  return right === '' ? `<${from}>` : `<${from}> -> ${right}`;
}

function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(1)}s`;
}

/** The whole delay, and where it went. */
function spent({ delayMs, connectMs, transactionMs }: LogFields): string {
  const parts: string[] = [];
  if (connectMs !== undefined && connectMs > 0) parts.push(`connect ${duration(connectMs)}`);
  if (transactionMs !== undefined) parts.push(`transaction ${duration(transactionMs)}`);
  const detail = parts.join(', ');
  if (delayMs === undefined) return detail;
  return detail === '' ? duration(delayMs) : `${duration(delayMs)} (${detail})`;
}

function peer(ip: string, name: string | undefined): string {
  return name === undefined || name === '' ? `[${ip}]` : `${name}[${ip}]`;
}

function shown(value: LogValue): string {
  return typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value);
}

function clean(text: string): string {
  return replaceUnprintable(text, '?');
}
