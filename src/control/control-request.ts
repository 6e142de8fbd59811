// Requests on the control socket are checked twice by the same rules: by the command before it sends one, so that people are
// told which value is wrong, and by the running Sluice before it acts on one.

import type { AnyRequest, ControlName } from './control-protocol.ts';
import { ControlError } from './control-error.ts';
import { notUnderstood, operationName, readQuestion } from './operations/check.ts';
import type { Rights } from './operations/operation.ts';
import { controlOperations, type ControlSet, operatorRights } from './operations/sets.ts';
import { wordFor } from './request-words.ts';

const party = 'The running Sluice';

/**
 * Checks a request before it is sent, and reports the value that the running Sluice would refuse.
 * @throws {ControlError} `VALUE_INVALID`
 */
export function checkRequest(request: AnyRequest): void {
  const { operation, ...question } = request;
  const parsed = controlOperations[operation].question.safeParse(question);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  throw new ControlError(
    'VALUE_INVALID',
    `${wordFor(issue?.path ?? [], request)} ${issue?.message ?? 'is not valid'}.`,
    'Nothing was asked of the running Sluice. Correct the value; --help says what can be written.',
  );
}

/** What is needed for an operation with this question. */
export function rightsFor<Name extends ControlName>(
  name: Name,
  question: ControlSet[Name]['question'],
): Rights {
  const { role } = operatorRights[name];
  return typeof role === 'function' ? role(question) : role;
}

/** A request that was understood. */
export interface AskedQuestion {
  readonly name: ControlName;
  readonly question: ControlSet[ControlName]['question'];
}

/**
 * Reads one line of the control socket.
 * @throws {ControlError} `CONTROL_OPERATION` when there is no such operation, `CONTROL_REQUEST` when the request is not valid
 */
export function parseRequest(line: string): AskedQuestion {
  const value = jsonOf(line);
  const isObject = typeof value === 'object' && value !== null;
  const name = operationName(
    controlOperations,
    isObject && 'operation' in value ? value.operation : undefined,
    party,
  );
  const { operation: _, ...question } = value as { readonly operation?: unknown };
  return { name, question: readQuestion(controlOperations, name, question, party) };
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw notUnderstood('it is not JSON', party);
  }
}
