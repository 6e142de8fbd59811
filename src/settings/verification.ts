// From [verification] and [[verification_rule]] to what the stage goes by: the rules for a listener and a tenant.

import type { Config } from '../config/config.ts';
import type { VerificationRules } from '../policy/stages/verification-stage.ts';

type Settings = Config['verification'];

/** Undefined when nothing is verified anywhere. */
export function verificationRules(config: Config): VerificationRules | undefined {
  const { verification: base, verificationRule: rules } = config;
  if (base.mode === 'off' && rules.every(({ mode }) => mode === undefined || mode === 'off'))
    return undefined;
  const known = new Map<string, Settings>();
  return (listener, tenant) => {
    const place = `${listener}\n${tenant}`;
    let settings = known.get(place);
    if (settings === undefined) {
      settings = settingsFor(config, listener, tenant);
      known.set(place, settings);
    }
    return settings.mode === 'off' ? undefined : { policy: settings, isTest: settings.mode === 'test' };
  };
}

/** Each rule replaces the keys that it gives, in the order of the file. */
function settingsFor({ verification, verificationRule }: Config, listener: string, tenant: string): Settings {
  const settings = { ...verification };
  for (const { listen, tenant: tenants, ...own } of verificationRule) {
    if (listen !== undefined && !listen.includes(listener)) continue;
    if (tenants !== undefined && !tenants.includes(tenant)) continue;
    Object.assign(
      settings,
      Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
    );
  }
  return settings;
}
