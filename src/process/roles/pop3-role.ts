// The POP3 role: listeners and sessions of users who fetch their mail. It knows of mailboxes, and nothing of the queue.

import type { Pop3ToManager, RoleFacts } from '../../channel/messages.ts';
import { CounterPosts } from '../../channel/counter-posts.ts';
import type { Config } from '../../config/config.ts';
import type { Directory } from '../../directory/types.ts';
import { Deadlines } from '../../io/deadlines.ts';
import { nodeTimers } from '../../io/timers.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import { Events, logListener } from '../../log/events.ts';
import type { Logger } from '../../log/logger.ts';
import { LoginDelays } from '../../pop3/login-delays.ts';
import { MailboxTroubles } from '../../pop3/mailbox-troubles.ts';
import { Mailboxes } from '../../pop3/mailboxes.ts';
import { Pop3Limits } from '../../pop3/pop3-limits.ts';
import { Pop3Listener, type Pop3ListenerOptions } from '../../pop3/pop3-listener.ts';
import { Pop3Log } from '../../pop3/pop3-log.ts';
import { type Bind, bindHere } from '../../receive/bind.ts';
import { HandshakeLimits } from '../../receive/handshake-limits.ts';
import { KeptListeners } from '../../receive/kept-listeners.ts';
import { handshakeLimits } from '../../settings/listener-security.ts';
import { pop3Limits, pop3Listeners, type Pop3Parts } from '../../settings/pop3.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { LiveCertificates } from '../../tls/live-certificates.ts';
import { formatListenAddress } from '../../values/listen-address.ts';
import type { Role } from '../role.ts';
import { finishWithin } from './finish-within.ts';

export interface Pop3RoleParts {
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly counters: EventCounters;
  readonly certificates: LiveCertificates;
  readonly directory: Directory;
  /** Tells the manager what was counted. */
  readonly post: (message: Pop3ToManager) => void;
}

export class Pop3Role implements Role {
  readonly #listening: string[] = [];
  readonly #limits: Pop3Limits;
  readonly #listeners: KeptListeners<Pop3ListenerOptions>;
  readonly #parts: Pop3Parts;
  readonly #counterPosts: CounterPosts;

  private constructor(config: Config, { log, troubles, counters, ...given }: Pop3RoleParts, bind: Bind) {
    const deadlines = new Deadlines();
    deadlines.start();
    this.#limits = new Pop3Limits(pop3Limits(config));
    this.#counterPosts = new CounterPosts(counters, given.post);
    this.#parts = {
      deadlines,
      log: new Pop3Log(new Events([logListener(log), counters])),
      directory: given.directory,
      certificates: given.certificates,
      handshakes: new HandshakeLimits(handshakeLimits(config)),
      mailboxes: new Mailboxes(),
      loginDelays: new LoginDelays(config.pop3.loginDelay),
      troubles: new MailboxTroubles(log, troubles),
      freed: (user) => given.post({ kind: 'mailbox', user, state: 'room' }),
    };
    const kept = { log, troubles, timers: nodeTimers, bind };
    this.#listeners = new KeptListeners((options) => new Pop3Listener(options, this.#limits, kept), kept);
  }

  /** @param bind - binds TCP ports. @throws {StartError} when a port cannot be had */
  static async start(config: Config, parts: Pop3RoleParts, bind: Bind = bindHere): Promise<Pop3Role> {
    const role = new Pop3Role(config, parts, bind);
    try {
      const addresses = await role.#listeners.start(pop3Listeners(config, role.#parts));
      role.#listening.push(...addresses.map(formatListenAddress));
    } catch (error) {
      await role.stop(0);
      throw error;
    }
    return role;
  }

  get facts(): RoleFacts {
    return { pop3Listening: this.#listening };
  }

  configure(config: Config): Promise<readonly string[]> {
    this.#limits.configure(pop3Limits(config));
    this.#parts.handshakes.configure(handshakeLimits(config));
    this.#parts.loginDelays.configure(config.pop3.loginDelay);
    return this.#listeners.configure(pop3Listeners(config, this.#parts));
  }

  drain(): void {
    this.#listeners.drain(() => undefined);
  }

  async stop(graceMs: number): Promise<void> {
    await finishWithin(graceMs, (done) => this.#listeners.drain(done));
    this.#listeners.abandon();
    await this.#parts.mailboxes.closed();
    this.#parts.deadlines.stop();
    this.#counterPosts.stop();
  }
}
