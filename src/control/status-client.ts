// The other end of `status`: for `sluice status` and `top`, and for whoever needs the numbers.

import { ControlError } from './control-error.ts';
import { controlResult } from './control-client.ts';
import type { Status, StatusAnswer, StatusQuestion } from './control-protocol.ts';

/** The control process answers within a second or two, whatever else is wrong; a million messages take some more. */
const silentMs = 10_000;

/** @throws {ControlError} as `controlRequest`; `CONTROL_SILENT` when the control process takes no request */
export async function askStatus(path: string, question: StatusQuestion): Promise<StatusAnswer> {
  const silent = Promise.withResolvers<never>();
  const timer = setTimeout(() => silent.reject(controlSilent(path)), silentMs);
  const ended = new AbortController();
  try {
    const asked = controlResult(path, { operation: 'status', ...question }, ended.signal);
    return (await Promise.race([asked, silent.promise])) as StatusAnswer;
  } finally {
    clearTimeout(timer);
    ended.abort();
  }
}

function controlSilent(path: string): ControlError {
  return new ControlError(
    'CONTROL_SILENT',
    `Asking the running Sluice at ${path}: no answer within ${silentMs / 1000} s.`,
    'Its control process is stopped, or the machine is overloaded: see "ps" for processes in state T or D.',
  );
}

/** The same for those who can do nothing without the numbers. @throws {ControlError} `MANAGER_LOST` without them */
export async function askNumbers(path: string, question: StatusQuestion): Promise<Status> {
  const answer = await askStatus(path, question);
  if (answer.kind === 'complete') return answer;
  const [worst] = answer.troubles;
  throw new ControlError('MANAGER_LOST', worst?.text ?? 'The manager does not answer.', worst?.advice ?? '');
}
