// A stored message as recovery would find it before anything was tried.

import { copiesIn, routesIn } from '../message/envelope.ts';
import type { RecoveredMessage, StoredMessage, StoredRef } from './types.ts';

export function asRecovered(
  ref: StoredRef,
  { envelope, sizeBytes }: Pick<StoredMessage, 'envelope' | 'sizeBytes'>,
): RecoveredMessage {
  const { queueId, receivedAtMs, reversePath, recipients, body, smtpUtf8, tenant, priority } = envelope;
  const { quarantine, tlsDemand, user, verp } = envelope;
  const waiting = recipients.map(
    ({ address }, index) => ({ index, address, attempts: 0, nextAttemptAtMs: 0, lastRefusal: '' }) as const,
  );
  const known = { queueId, ref, receivedAtMs, sizeBytes, reversePath, body, smtpUtf8, tenant, priority };
  const facts = { ...known, quarantine, tlsDemand, verp, ...(user !== undefined && { user }) };
  const ways = { copies: copiesIn(recipients), routes: routesIn(recipients) };
  return { ...facts, ...ways, held: quarantine !== undefined, waiting };
}
