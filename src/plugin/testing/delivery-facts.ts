// Facts about mail that goes out, for a plugin under test: those that the test is about, and usual ones for all others.

import type { AttemptFacts, RouteFacts } from '../delivery-types.ts';

const sentAtMs = Date.UTC(2026, 0, 1);

/** The facts of `route`, whole. The domain is that of the recipient when it is not given. */
export function routeFactsOf(facts: Partial<RouteFacts>): RouteFacts {
  const { recipient = 'recipient@example.com' } = facts;
  return {
    queueId: '1a2b3c4d5e',
    sender: 'sender@example.net',
    recipient,
    domain: recipient.slice(recipient.lastIndexOf('@') + 1).toLowerCase(),
    tenant: '',
    sizeBytes: 1000,
    receivedAtMs: sentAtMs,
    priority: undefined,
    via: 'smtp',
    clientAddress: '192.0.2.1',
    helo: 'client.example.net',
    usual: '',
    ...facts,
  };
}

/** The facts of `attempt`, whole: a delivery, when the test does not say otherwise. */
export function attemptFactsOf(facts: Partial<AttemptFacts>): AttemptFacts {
  return {
    outcome: 'delivered',
    atMs: sentAtMs,
    queueId: '1a2b3c4d5e',
    sender: 'sender@example.net',
    recipient: 'recipient@example.com',
    tenant: '',
    isCopy: false,
    route: '',
    server: { host: 'mx.example.com', address: '192.0.2.25', port: 25 },
    tls: undefined,
    by: 'server',
    code: 250,
    enhanced: '2.0.0',
    text: 'OK',
    attempt: 1,
    durationMs: 100,
    nextAttemptAtMs: undefined,
    expired: false,
    reportedTo: undefined,
    ...facts,
  };
}
