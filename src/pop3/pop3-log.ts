// Writes the log events of POP3 sessions.

import type { Events } from '../log/events.ts';

/** What a session has done when it ends. */
export interface SessionSummary {
  readonly login: string;
  /** Messages in the mailbox when it was opened. */
  readonly messages: number;
  readonly retrieved: number;
  readonly retrievedBytes: number;
  readonly deleted: number;
  /** Why it ended without QUIT; empty for QUIT. */
  readonly reason: string;
  readonly sessionMs: number;
}

export class Pop3Log {
  readonly #events: Events;

  constructor(events: Events) {
    this.#events = events;
  }

  /** A TLS handshake is through. */
  secured(): void {
    this.#events.counted('secured', 1);
  }

  /** A TLS handshake has failed, and with it the connection. */
  handshakeFailed(client: string, reason: string, handshakeMs: number): void {
    this.#events.happened('handshakeFailed', { client, reason, handshakeMs: Math.round(handshakeMs) });
  }

  /** A load balancer has sent no proper PROXY header, and its connection was closed. */
  proxyHeaderFailed(frontEnd: string, reason: string): void {
    this.#events.happened('proxyHeaderFailed', { frontEnd, reason });
  }

  /** @param application - the name of the application password that was used */
  authenticated(client: string, login: string, mechanism: string, application: string | undefined): void {
    this.#events.happened('authenticated', { client, login, mechanism, application, protocol: 'pop3' });
  }

  /** @param reason - it may tell whether the user exists, so it is for the log alone */
  authenticationFailed(client: string, login: string, mechanism: string, reason: string): void {
    this.#events.happened('authenticationFailed', { client, login, mechanism, reason, protocol: 'pop3' });
  }

  /** A client was refused. @param command - where */
  rejected(client: string, command: string, reply: string): void {
    this.#events.happened('rejected', { client, command, from: '', to: '', reply });
  }

  /** A session of a user has ended. */
  sessionEnded(client: string, { sessionMs, reason, ...summary }: SessionSummary): void {
    this.#events.happened('pop3Session', {
      client,
      ...summary,
      reason: reason === '' ? undefined : reason,
      sessionMs: Math.round(sessionMs),
    });
  }
}
