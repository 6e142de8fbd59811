// What became of a message that was handed in, as an exit code of sysexits and a text.

import type { RecipientOutcome } from '../../protocol/smtp/client/client-session.ts';
import { CommandError, type ExitCode, exitCodes } from '../exit-codes.ts';

/**
 * The error to end with when not every recipient was taken; undefined when all were.
 * The worst recipient decides, and permanent is worse than for now.
 */
export function verdict(
  outcomes: readonly RecipientOutcome[],
  addresses: readonly string[],
): CommandError | undefined {
  const refused = outcomes.filter((outcome) => outcome.result !== 'delivered');
  const worst = refused.find((outcome) => outcome.result === 'permfail') ?? refused[0];
  if (worst === undefined) return undefined;
  const lines = sameReason(refused)
    ? [worst.error]
    : refused.map((outcome) => `<${addresses[outcome.recipient] ?? ''}>: ${outcome.error}`);
  const taken = outcomes.length - refused.length;
  const some =
    taken === 0 ? '' : ` for ${refused.length} of ${outcomes.length} recipients, and sent it to the others`;
  const permanent = worst.result === 'permfail';
  return new CommandError(
    exitCodeFor(worst),
    permanent ? 'SENDMAIL_REFUSED' : 'SENDMAIL_TRY_AGAIN',
    `Sluice did not take the message${some}: ${lines.join('\n  ')}`,
    permanent ? '' : 'Try again later.',
  );
}

function sameReason(refused: readonly RecipientOutcome[]): boolean {
  return new Set(refused.map((outcome) => outcome.error)).size === 1;
}

function exitCodeFor({ result, error }: RecipientOutcome): ExitCode {
  return result === 'tempfail' ? exitCodes.tempFail : permanentCode(error);
}

/** The exit code for a 4xx or 5xx reply. */
export function refusalCode(code: number, reply: string): ExitCode {
  return code < 500 ? exitCodes.tempFail : permanentCode(reply);
}

/** By the enhanced status (RFC 3463): 5.1 the address, 5.7 permission, 5.6 and 5.3.4 the message itself. */
function permanentCode(error: string): ExitCode {
  const enhanced = /\b5\.\d{1,3}\.\d{1,3}\b/.exec(error)?.[0] ?? '';
  if (enhanced.startsWith('5.1.')) return exitCodes.noUser;
  if (enhanced.startsWith('5.7.')) return exitCodes.noPermission;
  if (enhanced.startsWith('5.6.') || enhanced === '5.3.4') return exitCodes.dataError;
  return exitCodes.unavailable;
}
