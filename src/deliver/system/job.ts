// What the process is told that delivers as a user of the system, and what it answers. Plain data. The answer comes from a process that the user
// can stop, change or imitate: it is checked, and can do no more than what the user's own file could.

import type { Instruction } from '../../instructions/types.ts';
import { parseMailbox } from '../../address/path.ts';
import type { InstructionFiles } from '../../values/system-way.ts';
import type { PipeFacts } from '../pipe/pipe-values.ts';

export interface SystemJob {
  readonly facts: PipeFacts;
  readonly user: string;
  readonly home: string;
  readonly instructions: InstructionFiles;
  /** Between the user and the extension; empty: the address has no extension. */
  readonly separator: string;
  readonly extension: string;
  /** Where mail goes that no file says anything about. */
  readonly mailbox: string;
  /** What an alias names: it is carried out as this user, and files of the user say nothing. Without addresses. */
  readonly alias?: readonly Instruction[] | undefined;
  readonly limits: JobLimits;
}

export interface JobLimits {
  readonly timeMs: number;
  readonly memoryBytes?: number | undefined;
  readonly processes: number;
  readonly outputBytes: number;
}

export type SystemReport =
  | {
      readonly kind: 'done';
      /** What was done here, in words; empty: the mail goes to others alone, or nowhere. */
      readonly did: readonly string[];
      readonly onward?: SystemOnward | undefined;
    }
  | { readonly kind: 'fault'; readonly status: string; readonly text: string };

/** Where the mail goes on to. */
export interface SystemOnward {
  readonly reversePath: string;
  readonly recipients: readonly string[];
  /** Delimiters: each recipient gets a sender of its own. */
  readonly verp?: string | undefined;
  /** They are what an alias stands for, and are looked up in no aliases again. */
  readonly isExpanded?: true | undefined;
}

/** The variable of the environment that has the job. */
export const jobVariable = 'sluice_local_job';
/** What the line of the report begins with. */
export const reportMark = 'sluice-local ';
/** Of a report: room for `mostForwards` addresses of a usual length. */
export const reportBytes = 1024 * 1024;
export const mostForwards = 1_000;

const mostTexts = 1_000;
const mostCharacters = 2_000;

/** The report in what the process has printed; undefined: there is none, or it is not as it must be. */
export function readReport(printed: string): SystemReport | undefined {
  const line = printed.split('\n').findLast((each) => each.startsWith(reportMark));
  if (line === undefined) return undefined;
  try {
    return checked(JSON.parse(line.slice(reportMark.length)));
  } catch {
    return undefined;
  }
}

function checked(value: unknown): SystemReport | undefined {
  if (!isObject(value)) return undefined;
  const { kind, did, onward, status, text } = value;
  if (kind === 'fault')
    return isText(status) && /^[45]\.\d{1,3}\.\d{1,3}$/.test(status) && isText(text)
      ? { kind, status, text }
      : undefined;
  if (kind !== 'done' || !Array.isArray(did) || did.length > mostTexts || !did.every(isText))
    return undefined;
  if (onward === undefined) return { kind, did };
  const further = checkedOnward(onward);
  return further === undefined ? undefined : { kind, did, onward: further };
}

function checkedOnward(value: unknown): SystemOnward | undefined {
  if (!isObject(value)) return undefined;
  const { reversePath, recipients, verp } = value;
  if (!isText(reversePath) || (reversePath !== '' && !isMailbox(reversePath))) return undefined;
  if (!Array.isArray(recipients) || recipients.length === 0 || recipients.length > mostForwards)
    return undefined;
  if (!recipients.every((each) => isText(each) && isMailbox(each))) return undefined;
  if (verp === undefined) return { reversePath, recipients };
  return verp === ownVerp ? { reversePath, recipients, verp } : undefined;
}

/** As qmail writes such senders: list-owner-user=example.org@example.com. */
export const ownVerp = '-=';

function isMailbox(text: string): boolean {
  return parseMailbox(text).kind === 'mailbox';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= mostCharacters;
}
