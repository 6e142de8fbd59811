// [verification] and [[verification_rule]] as the rest of Sluice sees them.

import type { z } from 'zod';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { verification, verificationRules } from './schema/verification.ts';

type FileVerification = DeepReadonly<CamelKeys<z.output<typeof verification>>>;

/** The parts of the configuration that say what becomes of mail by its verification. */
export interface VerificationConfig {
  readonly verification: FileVerification & { readonly authservId: string };
  /** In the order of the file; the keys that one gives replace those of [verification]. */
  readonly verificationRule: DeepReadonly<CamelKeys<z.output<typeof verificationRules>>>;
}

/** @param hostname - the name of this host */
export function toVerificationConfig(
  given: Pick<VerificationConfig, 'verificationRule'> & { readonly verification: FileVerification },
  hostname: string,
): VerificationConfig {
  const { verification: own, verificationRule } = given;
  return { verification: { ...own, authservId: own.authservId ?? hostname }, verificationRule };
}
