// The client of the `status` request, for `sluice status` and `sluice top`.

import { ControlError } from './control-error.ts';
import { controlResult } from './control-client.ts';
import type { Status, StatusAnswer, StatusQuestion } from './operations/status.ts';

/** @throws {ControlError} as `controlRequest` */
export function askStatus(path: string, question: StatusQuestion): Promise<StatusAnswer> {
  return controlResult(path, { operation: 'status', ...question });
}

/** Asks for the status with the manager's numbers. @throws {ControlError} `MANAGER_LOST` when the manager does not answer */
export async function askNumbers(path: string, question: StatusQuestion): Promise<Status> {
  const answer = await askStatus(path, question);
  if (answer.kind === 'complete') return answer;
  const [worst] = answer.troubles;
  throw new ControlError('MANAGER_LOST', worst?.text ?? 'The manager does not answer.', worst?.advice ?? '');
}
