// How long a destination may take in each phase of a session (RFC 5321 4.5.3.2).

import type { ClientPhase } from '../../protocol/smtp/client/client-session.ts';
import type { DeliveryTimeouts } from '../types.ts';

/** Ms after which a session in this phase is given up (RFC 5321 4.5.3.2). */
export function phaseTimeoutMs(phase: ClientPhase, timeouts: DeliveryTimeouts): number {
  switch (phase) {
    case 'greeting':
      return timeouts.greetingMs;
    case 'handshake':
      return timeouts.handshakeMs;
    case 'helo':
    case 'starttls':
    case 'auth':
      return timeouts.heloMs;
    case 'mail':
      return timeouts.mailMs;
    case 'rcpt':
      return timeouts.rcptMs;
    case 'data':
      return timeouts.dataMs;
    case 'content':
      return timeouts.blockMs;
    case 'final':
      return timeouts.finalMs;
    case 'rset':
      return timeouts.rsetMs;
    default:
      return timeouts.quitMs;
  }
}
