// The version of a stored envelope, and whether a record of that version has a prefix of its own (docs/spool-format.md). Version 2
// adds tenant and priority, version 3 adds notices, version 4 the prefix of a large message (`record.ts`) and the quarantine,
// version 5 the quarantine of a record without a prefix, version 6 what the message asks for about TLS, and version 7 that of a large
// message with a prefix; versions 8 and 9 are the same for routes that stages chose. An envelope without these is written as version 1,
// so that an older Sluice can read it. Versions 10 and 11 are the same for senders of their own (VERP), versions 12 and 13 for the user
// who handed the message in, and versions 14 and 15 for recipients that aliases have named.

import type { Envelope } from '../../message/envelope.ts';

/** The newest version that can be read. */
export const envelopeFormatVersion = 15;

/** The versions of records that have a prefix: of any, of one that asks for something about TLS, with routes, with VERP, with a
 * user, and with recipients of aliases. */
const prefixVersion = 4;
const demandPrefixVersion = 7;
const routesPrefixVersion = 9;
const verpPrefixVersion = 11;
const userPrefixVersion = 13;
const expandedPrefixVersion = 15;
const prefixVersions: ReadonlySet<number> = new Set([
  prefixVersion,
  demandPrefixVersion,
  routesPrefixVersion,
  verpPrefixVersion,
  userPrefixVersion,
  expandedPrefixVersion,
]);

/** The oldest version that has all fields of this envelope, in a record without a prefix of its own. */
export function envelopeVersion(envelope: Envelope): number {
  const { tenant = '', priority, quarantine, origin, tlsDemand } = envelope;
  // An older Sluice would take how the message came for something else.
  if (envelope.isExpanded === true) return 14;
  // An older Sluice would take the user for something else, and send the message as that of nobody.
  if (envelope.user !== undefined) return 12;
  // An older Sluice would take the delimiters for something else.
  if (envelope.verp !== undefined) return 10;
  // An older Sluice would send it another way.
  if (hasRoutes(envelope)) return 8;
  // An older Sluice would send it in clear, or hold it to what its sender has waived.
  if (tlsDemand !== undefined) return 6;
  if (quarantine !== undefined) return 5;
  // An older Sluice would take a notice for mail from outside and report its failure.
  if (origin.via === 'notice') return 3;
  return tenant === '' && priority === undefined ? 1 : 2;
}

/** The same, in a record with a prefix of its own. */
export function prefixVersionOf(envelope: Envelope): number {
  if (envelope.isExpanded === true) return expandedPrefixVersion;
  if (envelope.user !== undefined) return userPrefixVersion;
  if (envelope.verp !== undefined) return verpPrefixVersion;
  if (hasRoutes(envelope)) return routesPrefixVersion;
  return envelope.tlsDemand === undefined ? prefixVersion : demandPrefixVersion;
}

/** Does a record of this version have a prefix of its own? */
export function hasPrefix(version: number): boolean {
  return prefixVersions.has(version);
}

function hasRoutes({ recipients }: Envelope): boolean {
  return recipients.some(({ route }) => route !== undefined);
}
