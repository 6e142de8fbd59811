// Converts the configuration of TLS with other hosts to the rules of routing.

import { createHash } from 'node:crypto';

import type { Config, TlsConfig } from '../config/config.ts';
import type { HandshakeSettings, HandshakeSettingsByName } from '../deliver/tls/handshake-settings.ts';
import type { TlsRule } from '../route/security/tls-rules.ts';
import type { TlsLevel } from '../values/tls-policy.ts';

/** Enough that two different settings do not collide. */
const digestChars = 16;

/** In the order of the configuration: the first that matches counts. */
export function tlsRules({ deliver, tls }: Config): TlsRule[] {
  return tls.map((rule) => ({
    domains: rule.domain ?? [],
    hosts: rule.mx ?? [],
    level: levelOf(rule, deliver.tls),
    isLevelSaid: [rule.level, rule.fingerprints, rule.names].some((each) => each !== undefined),
    fingerprints: rule.fingerprints ?? [],
    names: rule.names ?? [],
    serverName: rule.serverName,
    settings: settingsName(rule),
    usesMtaSts: rule.mtaSts !== false,
    usesDane: rule.dane !== false,
  }));
}

/**
 * Names the handshake settings of a rule by what they are, so that a connection of before a reload is not taken for one with the
 * new ones; empty for the defaults.
 */
export function settingsName({ authorities, ciphers, minVersion, certificate }: TlsConfig): string {
  const parts = [authorities, ciphers ?? '', minVersion ?? '', certificate ?? ''];
  if (parts.every((part) => part === '')) return '';
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, digestChars);
}

const versions = { '1.0': 'TLSv1', '1.1': 'TLSv1.1', '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' } as const;

/** What senders need for the handshakes of each rule, by the name that policies give it. */
export function handshakeSettings({ tls }: Config): HandshakeSettingsByName {
  const byName = new Map<string, HandshakeSettings>();
  for (const rule of tls) {
    const { authorities, certificate, ciphers = '', minVersion } = rule;
    const oldest = minVersion === undefined ? '' : versions[minVersion];
    byName.set(settingsName(rule), { authorities, ciphers, minVersion: oldest, identity: certificate });
  }
  return byName;
}

function levelOf({ fingerprints, level, names }: TlsConfig, usual: TlsLevel): TlsLevel {
  if (level !== undefined) return level;
  if (fingerprints !== undefined) return 'fingerprint';
  return names === undefined ? usual : 'verified';
}
