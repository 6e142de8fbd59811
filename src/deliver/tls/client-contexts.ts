// The contexts of outgoing handshakes: versions, ciphers, groups and trusted authorities. Each is made when it is first needed, and
// is shared by all connections with the same settings.

import { createSecureContext, type SecureContext } from 'node:tls';
import { classicGroups } from '../../tls/client-hello.ts';
import { ClientIdentities } from '../../tls/client-identities.ts';
import type { Identity } from '../../tls/tls-material.ts';
import { withTls13 } from '../../values/cipher-list.ts';
import {
  defaultHandshake,
  type HandshakeSettings,
  type HandshakeSettingsByName,
} from './handshake-settings.ts';
import { trustSystemAuthorities } from './system-authorities.ts';

/** What a handshake depends on beside the settings. */
export interface HandshakeKind {
  /**
   * Old versions and weak ciphers are better than none: only where the alternative is clear text (RFC 7435 3).
   */
  readonly takesOld: boolean;
  /** Without the group X25519MLKEM768, whose share makes the client hello larger than one TCP segment. */
  readonly isClassic: boolean;
  /** No authority is trusted, so that a chain holds what the server has sent and nothing else. */
  readonly sentChainOnly: boolean;
}

export class ClientContexts {
  readonly #settings: HandshakeSettingsByName;
  readonly #identities: ClientIdentities;
  /** Of the certificates that the contexts were made with. */
  #version: number;
  readonly #made = new Map<string, SecureContext>();

  constructor(settings: HandshakeSettingsByName, identities = new ClientIdentities()) {
    this.#settings = settings;
    this.#identities = identities;
    this.#version = identities.version;
  }

  /** Whether there are settings of this name, with their certificate; there are not while a new configuration is on its way. */
  has(settings: string): boolean {
    if (settings === '') return true;
    const known = this.#settings.get(settings);
    if (known === undefined) return false;
    return known.identity === undefined || this.#identities.of(known.identity) !== undefined;
  }

  /** Another text after each change of the certificates of this host; empty when the settings need none. */
  identityVersion(settings: string): string {
    return this.#settings.get(settings)?.identity === undefined ? '' : String(this.#identities.version);
  }

  /** @param settings - their name; of unknown ones the defaults, so ask `has` before */
  of(settings: string, kind: HandshakeKind): SecureContext {
    const key = `${kind.takesOld ? 'o' : ''}${kind.isClassic ? 'c' : ''}${kind.sentChainOnly ? 's' : ''}:${settings}`;
    if (this.#version !== this.#identities.version) this.#made.clear(); // a certificate may have been renewed
    this.#version = this.#identities.version;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const chosen = this.#settings.get(settings) ?? defaultHandshake;
    const identity = chosen.identity === undefined ? undefined : this.#identities.of(chosen.identity);
    const context = contextOf(chosen, kind, identity);
    this.#made.set(key, context);
    return context;
  }
}

function contextOf(
  { authorities, ciphers, minVersion }: HandshakeSettings,
  kind: HandshakeKind,
  identity: Identity | undefined,
): SecureContext {
  // Takes a tenth of a second, once for a process, and so not at its start: many send nothing under TLS.
  if (authorities === '' && !kind.sentChainOnly) trustSystemAuthorities();
  return createSecureContext({
    ...(identity !== undefined && { cert: identity.chain, key: identity.key }),
    ...(kind.sentChainOnly ? { ca: [] } : authorities !== '' && { ca: authorities }),
    ciphers: ciphersOf(ciphers, kind.takesOld),
    minVersion: oldestOf(minVersion, kind.takesOld),
    ...(kind.isClassic && { ecdhCurve: classicGroups }),
  });
}

/** RFC 8996: where TLS is demanded, 1.2 is the oldest. A domain may demand it, whatever the settings of its table say. */
function oldestOf(
  configured: HandshakeSettings['minVersion'],
  takesOld: boolean,
): Exclude<HandshakeSettings['minVersion'], ''> {
  if (takesOld) return configured === '' ? 'TLSv1' : configured;
  return configured === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2';
}

function ciphersOf(configured: string, takesOld: boolean): string | undefined {
  // OpenSSL's security level 0 lets old versions, short keys and SHA-1 pass.
  if (configured === '') return takesOld ? withTls13('DEFAULT@SECLEVEL=0') : undefined;
  return withTls13(configured);
}
