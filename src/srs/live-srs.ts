// SRS as it is in force in one process: by the settings of the configuration and the secrets that the supervisor has read. Whoever passes on
// mail asks `senderOf`; whoever takes mail asks `current` to reverse. Where nothing is rewritten, it is never asked.

import { dayOfMessage } from './srs-day.ts';
import { SrsError } from './srs-error.ts';
import type { GivenSrsSecrets } from './srs-secrets.ts';
import { isSrsAt, keptReason, Srs } from './srs.ts';
import type { Forwarded, SrsScheme } from './srs-types.ts';

export interface SrsSettings {
  readonly scheme: SrsScheme;
  /** Whether senders of a domain (lower-case A-labels) are never rewritten. */
  readonly isOwn: (domain: string) => boolean;
}

export class LiveSrs {
  #settings: SrsSettings | undefined;
  #given: GivenSrsSecrets = { kind: 'missing', reason: 'its secrets are being read' };
  #current: Srs | undefined;

  /** @param settings - undefined: no sender is rewritten */
  configure(settings: SrsSettings | undefined): void {
    this.#settings = settings;
    this.#renew();
  }

  /** Replaces the secrets. */
  use(given: GivenSrsSecrets): void {
    this.#given = given;
    this.#renew();
  }

  /** Undefined where nothing is rewritten, or while there are no secrets: see `lack`. */
  get current(): Srs | undefined {
    return this.#current;
  }

  /** Why there are no secrets; empty when there are some, or none are needed. */
  get lack(): string {
    return this.#settings !== undefined && this.#given.kind === 'missing' ? this.#given.reason : '';
  }

  /** Is it an address at the domain of our SRS addresses that looks like one of them? */
  isOurs(address: string): boolean {
    return this.#settings !== undefined && isSrsAt(address, this.#settings.scheme.domain);
  }

  /**
   * The sender with which a message is passed on.
   * @param receivedAtMs - when it came, Unix ms
   * @throws {SrsError} when that cannot be told now
   */
  forward(reversePath: string, receivedAtMs: number, nowMs: number): Forwarded {
    const srs = this.#current;
    if (srs === undefined) return this.#forwardWithoutSecrets(reversePath);
    return srs.forward(reversePath, dayOfMessage(receivedAtMs, nowMs, srs.scheme.expiryDays));
  }

  /** Most mail of a gateway may be bounces and mail of our own domains, which need no secret. */
  #forwardWithoutSecrets(reversePath: string): Forwarded {
    const settings = this.#settings;
    const reason =
      settings === undefined ? undefined : keptReason(reversePath, settings.scheme.domain, settings.isOwn);
    if (reason !== undefined) return { kind: 'kept', reason };
    throw new SrsError(this.#given.kind === 'missing' ? this.#given.reason : 'its settings are being loaded');
  }

  #renew(): void {
    const settings = this.#settings;
    this.#current =
      settings === undefined || this.#given.kind === 'missing'
        ? undefined
        : new Srs(settings.scheme, this.#given.secrets, settings.isOwn);
  }
}
