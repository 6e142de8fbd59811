// Takes the report that Node has written about a process that ended, out of the folder of its role: without what was not asked for, and
// under the name of the crash. The process may have been taken over, so what it left is no file to be trusted: only a plain file of
// bounded size is read.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { removeLeftover } from '../io/remove-file.ts';
import { bounded } from './crash-record.ts';
import { isMissing } from './crash-folder.ts';
import { writeClosed } from './write-closed.ts';

/** A report has some hundred bytes for each open connection. */
const mostBytes = 67_108_864;
/** Handles that are kept one by one; of more, only their number by type. */
const mostHandles = 200;

export type TakenReport =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'taken';
      /** What made Node write it: `OOMError`, `Exception`, `API`. */
      readonly trigger: string;
      /** The error, or what happened. */
      readonly words: string;
    };

/**
 * Moves a report to its place. What it was is removed.
 * @param keepAddresses - of connections and of this host
 */
export function takeReport(from: string, to: string, keepAddresses: boolean): TakenReport {
  try {
    const report = readReport(from);
    if (report === undefined) return { kind: 'none' };
    const parsed: unknown = JSON.parse(report);
    if (!isTable(parsed)) return { kind: 'refused', reason: 'the report is no JSON object' };
    const tidy = tidied(parsed, keepAddresses);
    writeClosed(to, `${JSON.stringify(tidy, undefined, 2)}\n`);
    return { kind: 'taken', ...factsOf(parsed) };
  } catch (error) {
    // A process that was killed while it wrote leaves half of a report.
    const reason = error instanceof SyntaxError ? 'the report is not complete' : wordsOf(error);
    return { kind: 'refused', reason };
  } finally {
    removeLeftover(from);
  }
}

function readReport(path: string): string | undefined {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.nlink !== 1) throw new Error('it is no file that the process wrote');
    if (stats.size > mostBytes)
      throw new Error(`it has ${stats.size} bytes, and at most ${mostBytes} are read`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function factsOf({ header, javascriptStack }: Table): { readonly trigger: string; readonly words: string } {
  const { trigger = '', event = '' } = isTable(header) ? header : {};
  const { message = '' } = isTable(javascriptStack) ? javascriptStack : {};
  const words = trigger === 'API' || trigger === 'Exception' ? message : event;
  return { trigger: bounded(String(trigger), 100), words: bounded(String(words), 2000) };
}

/** Node itself can leave out the environment and the interfaces of the host; addresses of connections stay in the list of handles. */
function tidied(report: Table, keepAddresses: boolean): Table {
  const { libuv, header, javascriptStack, ...rest } = report;
  const handles: readonly unknown[] = Array.isArray(libuv) ? libuv : [];
  const shown = handles.slice(0, mostHandles);
  return {
    header: keepAddresses || !isTable(header) ? header : without(header, ['host', 'networkInterfaces']),
    javascriptStack: keepAddresses ? javascriptStack : withoutProperties(javascriptStack),
    ...rest,
    libuv: keepAddresses ? shown : shown.map((each) => withoutEnds(each)),
    ...(handles.length > mostHandles && { libuvCounts: countsByType(handles) }),
  };
}

function without(table: Table, names: readonly string[]): Table {
  return Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));
}

/** An error of a connection has its addresses. */
function withoutProperties(stack: unknown): unknown {
  if (!isTable(stack) || !isTable(stack['errorProperties'])) return stack;
  return { ...stack, errorProperties: without(stack['errorProperties'], ['address', 'host', 'hostname']) };
}

function withoutEnds(handle: unknown): unknown {
  return isTable(handle) ? without(handle, ['localEndpoint', 'remoteEndpoint']) : handle;
}

function countsByType(handles: readonly unknown[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const handle of handles) {
    const type = isTable(handle) ? String(handle['type']).slice(0, 40) : 'unknown';
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

export function wordsOf(error: unknown): string {
  return bounded(error instanceof Error ? error.message : String(error), 1000);
}
