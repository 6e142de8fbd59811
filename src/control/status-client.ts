// The other end of `status`: for `sluice status` and `top`, and for whoever needs the numbers.

import { ControlError } from './control-error.ts';
import { controlResult } from './control-client.ts';
import type { Status, StatusAnswer, StatusQuestion } from './control-protocol.ts';

/** @throws {ControlError} as `controlRequest` */
export async function askStatus(path: string, question: StatusQuestion): Promise<StatusAnswer> {
  return (await controlResult(path, { operation: 'status', ...question })) as StatusAnswer;
}

/** The same for those who can do nothing without the numbers. @throws {ControlError} `MANAGER_LOST` without them */
export async function askNumbers(path: string, question: StatusQuestion): Promise<Status> {
  const answer = await askStatus(path, question);
  if (answer.kind === 'complete') return answer;
  const [worst] = answer.troubles;
  throw new ControlError('MANAGER_LOST', worst?.text ?? 'The manager does not answer.', worst?.advice ?? '');
}
