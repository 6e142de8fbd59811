// Converts [srs] to what the rewriting of senders needs.

import type { Config } from '../config/config.ts';
import type { SrsSettings } from '../srs/live-srs.ts';
import { wholeDays } from '../srs/srs-day.ts';
import { DomainSet } from '../values/domain-set.ts';

/** @returns undefined where nothing is rewritten */
export function srsSettings({ srs, hostname, receive, signingKey }: Config): SrsSettings | undefined {
  if (srs === undefined) return undefined;
  const { domain, separator, hashLength, expiry, tooLong, keep } = srs;
  // Mail of these comes from here, so their SPF records allow us.
  const own = new DomainSet([
    { kind: 'exact', domain: hostname.toLowerCase() },
    ...keep,
    ...receive.relayDomains,
    ...signingKey.flatMap((key) => key.domain),
  ]);
  return {
    scheme: { domain, separator, hashLength, expiryDays: wholeDays(expiry), tooLong },
    isOwn: (name) => own.has(name),
  };
}
