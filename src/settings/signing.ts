// From [[signing_key]] to the rules by which mail is signed.

import type { Config } from '../config/config.ts';
import type { SigningKeyConfig } from '../config/signing-key-config.ts';
import { usualNames } from '../dkim/signed-names.ts';
import { type SigningRule, SigningRules } from '../signing/signing-rules.ts';
import { hasDirectory } from './directory.ts';

export function signingRules({ signingKey }: Pick<Config, 'signingKey'>): SigningRules {
  return new SigningRules(signingKey.map(ruleOf));
}

function ruleOf(key: SigningKeyConfig): SigningRule {
  const [header, body] = key.canonicalization.split('/');
  return {
    domains: key.domain,
    tenant: key.tenant,
    users: key.user,
    routes: key.route,
    path: key.file,
    selector: key.selector,
    signingDomain: key.signAs,
    headerCanonicalization: header === 'simple' ? 'simple' : 'relaxed',
    bodyCanonicalization: body === 'simple' ? 'simple' : 'relaxed',
    names: { ...usualNames, ifPresent: [...usualNames.ifPresent, ...key.alsoSign] },
    validSeconds: key.validMs === undefined ? undefined : Math.floor(key.validMs / 1000),
    domainKeys: key.domainKeys,
    whenUnusable: key.whenUnusable,
  };
}

export function hasSigningKeys({ signingKey }: Pick<Config, 'signingKey'>): boolean {
  return signingKey.length > 0;
}

/** Whether the process of the keys role is needed. */
export function needsKeys(config: Pick<Config, 'directory' | 'signingKey'>): boolean {
  return hasDirectory(config) || hasSigningKeys(config);
}
