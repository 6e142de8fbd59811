// The result of handing in a message, as an exit code of sysexits and a text.

import type { RecipientOutcome, SessionFailure } from '../../protocol/smtp/client/client-session.ts';
import { failureText } from '../../protocol/smtp/client/reply-text.ts';
import { CommandError, type ExitCode, exitCodes } from '../exit-codes.ts';

type Refused = Extract<RecipientOutcome, { readonly result: 'tempfail' | 'permfail' }>;

/**
 * The error to end with when not every recipient was taken; undefined when all were.
 * The worst outcome decides: a permanent failure is worse than a temporary one.
 */
export function verdict(
  outcomes: readonly RecipientOutcome[],
  addresses: readonly string[],
): CommandError | undefined {
  const refused = outcomes.filter((outcome): outcome is Refused => outcome.result !== 'delivered');
  const worst = refused.find((outcome) => outcome.result === 'permfail') ?? refused[0];
  if (worst === undefined) return undefined;
  const lines = sameReason(refused)
    ? [failureText(worst.failure)]
    : refused.map(({ recipient, failure }) => `<${addresses[recipient] ?? ''}>: ${failureText(failure)}`);
  const taken = outcomes.length - refused.length;
  const scope =
    taken === 0 ? '' : ` for ${refused.length} of ${outcomes.length} recipients, and sent it to the others`;
  const permanent = worst.result === 'permfail';
  return new CommandError(
    exitCodeFor(worst),
    permanent ? 'SENDMAIL_REFUSED' : 'SENDMAIL_TRY_AGAIN',
    `Sluice did not take the message${scope}: ${lines.join('\n  ')}`,
    permanent ? '' : 'Try again later.',
  );
}

function sameReason(refused: readonly Refused[]): boolean {
  return new Set(refused.map(({ failure }) => failureText(failure))).size === 1;
}

function exitCodeFor({ result, failure }: Refused): ExitCode {
  return result === 'tempfail' ? exitCodes.tempFail : permanentCode(statusOf(failure));
}

function statusOf(failure: SessionFailure): string {
  switch (failure.kind) {
    case 'reply':
      return failure.reply.enhanced;
    case 'unsent':
      return failure.enhanced;
    case 'broken':
      return '';
  }
}

/** The exit code for a 4xx or 5xx reply. @param line - the reply as received: code, status and text */
export function refusalCode(code: number, line: string): ExitCode {
  if (code < 500) return exitCodes.tempFail;
  return permanentCode(/^\d{3}[ -](5\.\d{1,3}\.\d{1,3})(?![\d.])/.exec(line)?.[1] ?? '');
}

/** By the enhanced status (RFC 3463): 5.1 the address, 5.7 permission, 5.6 and 5.3.4 the message itself. */
function permanentCode(enhanced: string): ExitCode {
  if (enhanced.startsWith('5.1.')) return exitCodes.noUser;
  if (enhanced.startsWith('5.7.')) return exitCodes.noPermission;
  if (enhanced.startsWith('5.6.') || enhanced === '5.3.4') return exitCodes.dataError;
  return exitCodes.unavailable;
}
