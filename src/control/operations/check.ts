// Checks what arrives at one end of an operation from the other one: it may be a process of another version, or any program
// that can open the socket.

import type { z } from 'zod';
import { ControlError } from '../control-error.ts';
import type { OperationSet, SetTypes } from './operation.ts';

/** Who has sent what is checked, for messages that people read. */
export type Party = 'The running Sluice' | 'The manager' | 'The keys process' | 'The receiver';

const restart =
  'Restart Sluice: its processes are of different versions, as after an update under a running Sluice.';

const adviceFor: Readonly<Record<Party, string>> = {
  'The running Sluice': 'Use the sluice command of the same version as the running one.',
  'The manager': restart,
  'The keys process': restart,
  'The receiver': restart,
};

/** @throws {ControlError} `CONTROL_OPERATION` when the set has no operation of this name */
export function operationName<Set extends SetTypes>(
  set: OperationSet<Set>,
  name: unknown,
  asked: Party,
): keyof Set & string {
  if (isNameIn(set, name)) return name;
  throw new ControlError('CONTROL_OPERATION', `${asked} does not know this operation.`, adviceFor[asked]);
}

function isNameIn<Set extends SetTypes>(set: OperationSet<Set>, name: unknown): name is keyof Set & string {
  return typeof name === 'string' && Object.hasOwn(set, name);
}

/**
 * Reads a question that has arrived.
 * @throws {ControlError} `CONTROL_REQUEST` when it is not one of this operation
 */
export function readQuestion<Set extends SetTypes, Name extends keyof Set & string>(
  set: OperationSet<Set>,
  name: Name,
  value: unknown,
  asked: Party,
): Set[Name]['question'] {
  const parsed = set[name].question.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notUnderstood(`${name}: ${issueText(parsed.error)}`, asked);
}

/** The error `CONTROL_REQUEST`. */
export function notUnderstood(why: string, asked: Party): ControlError {
  return new ControlError(
    'CONTROL_REQUEST',
    `${asked} does not understand the request: ${why}.`,
    adviceFor[asked],
  );
}

/**
 * Reads an answer that has arrived. Fields that are not known are left out: an answer of a later version may have more.
 * @throws {ControlError} `CONTROL_ANSWER`
 */
export function readAnswer<Set extends SetTypes, Name extends keyof Set & string>(
  set: OperationSet<Set>,
  name: Name,
  value: unknown,
  answerer: Party,
): Set[Name]['answer'] {
  const parsed = set[name].answer.safeParse(value);
  if (parsed.success) return parsed.data;
  throw strangeAnswer(name, parsed.error, answerer);
}

/** Reads what has arrived before an answer. @throws {ControlError} `CONTROL_ANSWER` */
export function readPart<Set extends SetTypes, Name extends keyof Set & string>(
  set: OperationSet<Set>,
  name: Name,
  value: unknown,
  answerer: Party,
): Set[Name]['part'] {
  const parsed = set[name].part?.safeParse(value);
  if (parsed?.success === true) return parsed.data;
  throw strangeAnswer(name, parsed?.error, answerer);
}

function strangeAnswer(name: string, error: z.ZodError | undefined, answerer: Party): ControlError {
  const why = error === undefined ? 'nothing should come before its answer' : issueText(error);
  return new ControlError(
    'CONTROL_ANSWER',
    `${answerer} has answered "${name}" in a way that is not understood here: ${why}. What was asked for may have been done.`,
    adviceFor[answerer],
  );
}

function issueText({ issues: [issue] }: z.ZodError): string {
  const place = issue?.path.join('.') ?? '';
  return `${place === '' ? '' : `${place}: `}${issue?.message ?? ''}`;
}
