// Lines of vpopmail's vpasswd and values of its vpasswd.cdb: `user:password:uid:gid:gecos:dir:quota:clear password`. The numbers in the
// place of uid and gid are no ids: gid has flags.

import { tableKey } from '../../table/table-key.ts';
import type { Account } from '../account.ts';

/** "This account may not send by SMTP", as `vmoduser -s` sets it. */
const noSmtp = 0x800;

/** @param rest - the line behind the name and its colon */
export function accountOfVpasswdLine(address: string, rest: string): Account {
  const [password = '', , flags = '', , folder = '', quota = ''] = rest.split(':');
  return {
    user: {
      address: tableKey(address),
      aliases: [],
      senders: [],
      mailbox: folder === '' ? undefined : `${folder}/Maildir`,
      quotaBytes: quotaOf(quota),
      ...messagesOf(quota),
    },
    credentials: password === '' ? [] : [{ password }],
    isDisabled: (Number.parseInt(flags, 10) & noSmtp) !== 0,
  };
}

/** The number of messages in a quota of Maildir++. */
function messagesOf(text: string): { readonly quotaMessages?: number } {
  const most = Number(/(?:^|,)(?<most>\d{1,15})C(?:,|$)/u.exec(text)?.groups?.['most'] ?? 0);
  return most > 0 ? { quotaMessages: most } : {};
}

/** `NOQUOTA`, bytes, or Maildir++ (`52428800S,1000C`); older versions also write `50MB`. */
function quotaOf(text: string): number | undefined {
  const { bytes, unit = '' } = /^(?<bytes>\d{1,15})(?<unit>[SKM]?)B?(?:,|$)/iu.exec(text)?.groups ?? {};
  if (bytes === undefined || Number(bytes) === 0) return undefined;
  return Number(bytes) * (unit.toUpperCase() === 'K' ? 1024 : unit.toUpperCase() === 'M' ? 1024 ** 2 : 1);
}
