// `sluice explain --as USER`: who a user is, where the user may log in and from which addresses send, and which sending limits hold.

import type { SenderAnswer } from '../control/operations/sending.ts';
import type { FoundUser, User } from '../directory/types.ts';
import { usesTable } from './sending-text.ts';

export interface ExplainedSender {
  readonly user: string;
  /** What the directory says. */
  readonly found: FoundUser;
  /** The envelope sender. */
  readonly sender: string;
  readonly answer: SenderAnswer;
}

export function senderText({ user, found, sender, answer }: ExplainedSender, nowMs: number): string {
  const { tenant, listeners, uses } = answer;
  const logins = listeners.map(({ address, auth, tls }) => `${address} (log-in ${auth}, TLS ${tls})`);
  const rows: readonly (readonly [string, string])[] = [
    ['User', userText(user, found)],
    ['Logs in at', logins.length === 0 ? 'no listener takes log-ins' : logins.join(', ')],
    ['May send as', sendersText(found, answer.senders)],
    ['Tenant', `${tenant === '' ? '(no tenant)' : tenant}, for mail from ${sender === '' ? '<>' : sender}`],
  ];
  const head = rows.map(([name, value]) => `${name.padEnd(11)}  ${value}\n`).join('');
  return `${head}\n${uses.length === 0 ? 'No sending limit holds.\n' : usesTable(uses, nowMs)}`;
}

function userText(user: string, found: FoundUser): string {
  switch (found.kind) {
    case 'user':
      return found.user.address;
    case 'absent':
      return `${user}, who is not in the directory`;
    case 'failing':
      return `${user}; the directory cannot tell now: ${found.reason}`;
  }
}

function sendersText(found: FoundUser, rights: SenderAnswer['senders']): string {
  if (rights === 'any') return 'any address';
  if (found.kind !== 'user') return '-';
  const all = addressesOf(found.user, rights);
  return all.length === 0 ? 'no address' : all.join(', ');
}

function addressesOf({ address, aliases, senders }: User, rights: 'own' | 'listed'): readonly string[] {
  const own = rights === 'listed' ? [] : [address, ...aliases.filter((alias) => !alias.startsWith('@'))];
  return [...new Set([...own, ...senders])];
}
