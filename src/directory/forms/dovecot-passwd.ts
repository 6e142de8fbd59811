// Lines of Dovecot's passwd-file: `user:password:uid:gid:gecos:home:shell:extra fields`. Also /etc/shadow and files of Apache's htpasswd, which
// have the first two fields in the same places.

import { parseMailbox } from '../../address/path.ts';
import { tableKey } from '../../table/table-key.ts';
import { parseSize } from '../../values/size.ts';
import type { Account } from '../account.ts';

/**
 * @param address - of the user
 * @param rest - the line behind the name and its colon
 */
export function accountOfPasswdLine(address: string, rest: string): Account {
  const fields = rest.split(':');
  const [password = '', , , , home = ''] = fields;
  const extra = extraFields(fields.slice(6).join(':'));
  return {
    user: {
      address: tableKey(address),
      aliases: [],
      senders: [],
      mailbox: extra.get('userdb_mail') ?? extra.get('userdb_home') ?? (home === '' ? undefined : home),
      quotaBytes: quotaOf(extra),
      ...messagesOf(extra),
      ...forwardOf(extra),
    },
    credentials: password === '' ? [] : [{ password }],
    // Dovecot has three ways to say that nobody may log in.
    isDisabled: isOn(extra, 'nologin') || isOn(extra, 'nodelay_nologin') || extra.has('user_disabled'),
  };
}

/** `key=value key2 key3=...`, separated by spaces. */
function extraFields(text: string): ReadonlyMap<string, string> {
  const words = text.split(' ').filter((word) => word !== '');
  return new Map(
    words.map((word) => {
      const equals = word.indexOf('=');
      return equals === -1 ? [word, 'y'] : [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

/** Fields of Sluice's own; Dovecot passes fields of users by that it does not know. */
function forwardOf(extra: ReadonlyMap<string, string>): Pick<Account['user'], 'forward' | 'keepCopy'> {
  const forward = (extra.get('userdb_forward') ?? '').split(',').filter(isMailbox);
  return forward.length === 0 ? {} : { forward, ...(isOn(extra, 'userdb_keep_copy') && { keepCopy: true }) };
}

function isMailbox(text: string): boolean {
  return parseMailbox(text).kind === 'mailbox';
}

function isOn(extra: ReadonlyMap<string, string>, name: string): boolean {
  return /^(?:y|yes|1|true)$/iu.test(extra.get(name) ?? '');
}

/** Dovecot 2.4 has `userdb_quota_storage_size=1G`, earlier ones `userdb_quota_rule=*:storage=1G`. Without a unit, storage is in KiB. */
function quotaOf(extra: ReadonlyMap<string, string>): number | undefined {
  const direct = extra.get('userdb_quota_storage_size');
  if (direct !== undefined) return bytesOf(direct, 1);
  const rule = /(?:^|:)\*:(?:.*:)?(?<what>storage|bytes)=(?<size>[^:]+)/u.exec(
    extra.get('userdb_quota_rule') ?? '',
  );
  const { what, size = '' } = rule?.groups ?? {};
  return what === undefined ? undefined : bytesOf(size, what === 'bytes' ? 1 : 1024);
}

/** `userdb_quota_message_count=1000` of Dovecot 2.4, and `userdb_quota_rule=*:messages=1000` of earlier ones. */
function messagesOf(extra: ReadonlyMap<string, string>): { readonly quotaMessages?: number } {
  const rule = /(?:^|:)\*:(?:.*:)?messages=(?<most>\d{1,15})(?::|$)/u.exec(
    extra.get('userdb_quota_rule') ?? '',
  );
  const most = Number(extra.get('userdb_quota_message_count') ?? rule?.groups?.['most'] ?? 0);
  return most > 0 ? { quotaMessages: most } : {};
}

/** `%` and other forms of Dovecot are no fixed size. */
function bytesOf(text: string, perUnit: number): number | undefined {
  if (/^\d{1,15}$/u.test(text)) return zeroIsNone(Number(text) * perUnit);
  const { number = '', unit = '' } = /^(?<number>\d{1,12})(?<unit>[kMGT])B?$/iu.exec(text)?.groups ?? {};
  return unit === '' ? undefined : zeroIsNone(parseSize(`${number}${unit.toUpperCase()}iB`));
}

function zeroIsNone(bytes: number): number | undefined {
  return bytes === 0 ? undefined : bytes;
}
