// The client of the `status` request, for `sluice status` and `sluice top`.

import { ControlError } from './control-error.ts';
import { type ControlPlace, controlResult } from './control-client.ts';
import type { Status, StatusAnswer, StatusQuestion } from './operations/status.ts';

/** @throws {ControlError} as `controlRequest` */
export function askStatus(place: string | ControlPlace, question: StatusQuestion): Promise<StatusAnswer> {
  return controlResult(place, { operation: 'status', ...question });
}

/** Asks for the status with the manager's numbers. @throws {ControlError} `MANAGER_LOST` when the manager does not answer */
export async function askNumbers(place: string | ControlPlace, question: StatusQuestion): Promise<Status> {
  const answer = await askStatus(place, question);
  if (answer.kind === 'complete') return answer;
  if (answer.kind === 'of-queue')
    throw new ControlError(
      'CONTROL_QUEUE',
      'This socket is for operators of one queue, and this is about the whole instance.',
      'Use "sluice status", which tells of that queue.',
    );
  const [worst] = answer.troubles;
  throw new ControlError('MANAGER_LOST', worst?.text ?? 'The manager does not answer.', worst?.advice ?? '');
}
