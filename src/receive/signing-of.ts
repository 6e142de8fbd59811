// Whether a message is signed, and by whom it counts as sent.

import { OutgoingMail } from '../signing/outgoing-mail.ts';
import type { ReceiveContext } from './receive-context.ts';
import type { ReceivedSession } from './received-session.ts';

/**
 * Whoever has logged in or may relay is signed for, and nobody else. It is decided here, after all commands: before AUTH nobody knows
 * who a client is.
 */
export function signingOf(
  { signing, signsLater }: ReceiveContext,
  { transaction, client, principal }: ReceivedSession,
): OutgoingMail | undefined {
  if (signing === undefined || signing.rules.isEmpty) return undefined;
  // Just these are not verified, either: who has logged in at a front end is no stranger.
  if (!client.mayRelay && principal === undefined) return undefined;
  if (
    signsLater !== undefined &&
    transaction.recipients.every(
      ({ route, isCopy }) => isCopy === true || (route !== undefined && signsLater.has(route)),
    )
  )
    return undefined;
  return new OutgoingMail(signing, {
    tenant: transaction.tenant,
    user: principal ?? '',
    reversePath: () => transaction.reversePath,
    recipients: () => transaction.recipients.map(({ address }) => address),
  });
}
