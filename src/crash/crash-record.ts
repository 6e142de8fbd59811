// What is kept of one crash: which process, when, by what, and what it was doing. One JSON file each in the folder of crashes; this file
// is their format. Every value is bounded, so that a file that somebody else has put there is found out.

import { z } from 'zod';

/** `sluice`: a Sluice whose roles share one process. */
export const crashedProcesses = [
  'supervisor',
  'manager',
  'receiver',
  'sender',
  'keys',
  'control',
  'pop3',
  'sluice',
] as const;
export type CrashedProcess = (typeof crashedProcesses)[number];

/**
 * `error`: a fault of Sluice that nobody caught. `memory`: the JavaScript heap was full. `stalled`: it did not answer, and the supervisor
 * ended it. `signal`: by a signal of the system, or of somebody. `exit`: it ended by itself, and did not say why.
 */
export const crashKinds = ['error', 'memory', 'stalled', 'signal', 'exit'] as const;
export type CrashKind = (typeof crashKinds)[number];

function text(most: number) {
  return z.string().max(most);
}
const date = z.iso.datetime();

/** Something that the process had begun and not ended. */
const inHand = z.object({
  /** E.g. `deliver`. */
  step: text(40),
  /** The id in the queue; of mail that is being received, the client and its transaction. */
  subject: text(600),
  at: date,
});

export const crashRecordSchema = z.object({
  version: z.literal(1),
  process: z.enum(crashedProcesses),
  /** Index among the processes of the same role. */
  index: z.int().min(0).max(1000),
  pid: z.int().min(0).max(4_194_304),
  startedAt: date.optional(),
  endedAt: date,
  kind: z.enum(crashKinds),
  signal: text(20).optional(),
  exitCode: z.int().optional(),
  /** A sentence: what it said, or what the system says of it. */
  words: text(4000),
  /** It did not answer because it was stopped, or waited for the system: what it had in hand is not the reason. */
  isFromOutside: z.boolean().optional(),
  inHand: z.array(inHand).max(100),
  /** The last steps, oldest first. */
  steps: z.array(inHand).max(100),
  /** Name of the file in the folder; without one, `reportMissing` says why. */
  report: text(200).optional(),
  reportMissing: text(1000).optional(),
  /** The path; the system may have put it elsewhere. */
  core: text(4096).optional(),
  coreBytes: z.number().min(0).optional(),
  coreMissing: text(1000).optional(),
  /** The messages that were set aside because of this crash and earlier ones. */
  setAside: z.array(text(100)).max(100),
  /** From the end of the process until another one of the role had started. */
  restartedAfterMs: z.number().min(0).optional(),
});

export type CrashRecord = Readonly<z.output<typeof crashRecordSchema>>;
export type CrashStep = CrashRecord['steps'][number];

/** Cuts a text to what a record may have. */
export function bounded(words: string, most: number): string {
  return words.length <= most ? words : `${words.slice(0, most - 3)}...`;
}
