// How a session with a milter begins: the MTA offers what it can do, and the milter says what of that it uses.

import { newestVersion, oldestVersion, step, type Terms, termsOf } from './flags.ts';
import type { MacroLists } from '../../values/milter-macros.ts';
import { readMacroLists } from './macro-lists.ts';

export interface Agreement extends Terms {
  readonly macros: MacroLists;
}

const termsBytes = 12;

/** The payload of the offer. Milters such as rspamd take no other length. */
export function offerPayload({ version, actions, steps }: Terms): Buffer {
  const payload = Buffer.allocUnsafe(termsBytes);
  payload.writeUInt32BE(version, 0);
  payload.writeUInt32BE(actions, 4);
  payload.writeUInt32BE(steps, 8);
  return payload;
}

/**
 * Reads the answer to an offer.
 * @param usual - the macros that a milter gets which asks for none
 * @returns a clause about what is wrong: a milter that wants what was not offered would be misunderstood
 */
export function agree(offer: Terms, payload: Buffer, usual: MacroLists): Agreement | string {
  if (payload.length < termsBytes) return 'it sent a negotiation that is too short';
  const version = payload.readUInt32BE(0);
  const actions = payload.readUInt32BE(4);
  if (version < oldestVersion || version > offer.version) {
    return `it wants version ${version} of the protocol, and it was offered ${oldestVersion} to ${Math.min(offer.version, newestVersion)}`;
  }
  const unknown = (actions & ~offer.actions) >>> 0;
  if (unknown !== 0) return `it wants to do what was not offered (0x${unknown.toString(16)})`;
  const macros = readMacroLists(payload.subarray(termsBytes), usual);
  if (macros === undefined) return 'it sent a malformed list of macros';
  // Bits that were not offered mean nothing; nor do those that its version does not have.
  const steps = (payload.readUInt32BE(8) & offer.steps & termsOf(version).steps) >>> 0;
  return { version, actions, steps, macros };
}

/** Does it want neither these events nor a say in them? */
export function hasNoSayIn(agreement: Terms, events: readonly (keyof typeof silent)[]): boolean {
  return events.every((event) => (agreement.steps & silent[event]) !== 0);
}

/** The bits of each event that mean: it is not sent, or it is not answered. */
const silent = {
  connect: step.noConnect | step.noReplyToConnect,
  helo: step.noHelo | step.noReplyToHelo,
  mail: step.noMail | step.noReplyToMail,
  rcpt: step.noRcpt | step.noReplyToRcpt,
  data: step.noData | step.noReplyToData,
} as const;
