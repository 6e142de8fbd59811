// Addresses in files of users: whole ones, or names of mailboxes of this server.

import { parseMailbox } from '../address/path.ts';

/**
 * @param domain - of names without one
 * @returns undefined for what is no address
 */
export function addressOf(text: string, domain: string): string | undefined {
  const whole = text.includes('@') ? text : `${text}@${domain}`;
  return parseMailbox(whole).kind === 'mailbox' ? whole : undefined;
}
