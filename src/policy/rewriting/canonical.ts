// Rewrites addresses by a table of old and new ones, as canonical(5) of Postfix does. Promises: an address becomes what the table says, or
// nothing is rewritten: an entry that is no address, and entries that go in a circle, are errors.

import { domainOf, normalizeDomain } from '../../address/domain.ts';
import { parseMailbox } from '../../address/path.ts';
import type { Answer, Table } from '../../table/table.ts';
import { tableKey } from '../../table/table-key.ts';
import { withoutQuotes, withoutSubaddress } from '../mailbox-keys.ts';
import type { Asking } from './asking.ts';
import { RewritingError, TableFailure } from './rewriting-error.ts';

export interface Canonical {
  readonly table: Table;
  /** Characters of which the first one in a local part begins a subaddress; empty for none. */
  readonly separators: string;
  /** Whether a subaddress that is not in the table is carried over to the new address. */
  readonly keepsSubaddress: boolean;
  /** Domains whose users the table may know by their name alone, in lower-case A-labels. */
  readonly localDomains: ReadonlySet<string>;
  /** Completes new addresses without a domain. */
  readonly hostname: string;
}

/** An address that was rewritten so often goes in a circle. */
const mostPasses = 10;
/** The most addresses whose keys are looked up together. */
const addressesAtOnce = 400;

/**
 * An address that was rewritten is looked up again, until it is not in the table or stays as it is.
 * @param addresses - each with a domain
 * @returns what each has become
 * @throws {RewritingError} when the table says something that is no address, or ten times another one
 * @throws {TableFailure} when the table cannot tell
 */
export function* canonicalAddresses(
  addresses: readonly string[],
  rule: Canonical,
): Asking<readonly string[]> {
  const result = [...addresses];
  let open = addresses.map((_, index) => index);
  for (let pass = 0; pass < mostPasses; pass++) {
    const changed: number[] = [];
    for (let from = 0; from < open.length; from += addressesAtOnce) {
      const part = open.slice(from, from + addressesAtOnce);
      const keys = part.map((index) => keysOf(result[index] as string, rule));
      const answers = yield { table: rule.table, keys: keys.flatMap((each) => each.map(({ key }) => key)) };
      let at = 0;
      for (const [i, index] of part.entries()) {
        const own = keys[i] as readonly Key[];
        const old = result[index] as string;
        const next = newAddress(old, own, answers.slice(at, at + own.length), rule);
        at += own.length;
        if (next === undefined) continue;
        result[index] = next;
        if (next.toLowerCase() !== old.toLowerCase()) changed.push(index);
      }
    }
    if (changed.length === 0) return result;
    open = changed;
  }
  const index = open[0] as number;
  throw new RewritingError(
    `the table ${rule.table.name} rewrites ${quoted(addresses[index] as string)} more than ${mostPasses} times, the last time to ${quoted(result[index] as string)}`,
  );
}

interface Key {
  readonly key: string;
  /** The subaddress that is not part of the key, with its separator; empty when there is none. */
  readonly rest: string;
}

/** In the order in which they count. */
function keysOf(address: string, { separators, localDomains }: Canonical): readonly Key[] {
  const at = address.lastIndexOf('@');
  const domain = domainOf(address);
  const name = withoutQuotes(address.slice(0, at));
  const base = withoutSubaddress(name, separators);
  const rest = name.slice(base.length);
  const names: readonly (readonly [string, string])[] =
    rest === ''
      ? [[name, '']]
      : [
          [name, ''],
          [base, rest],
        ];
  const keys = names.map(([each, left]) => ({ key: tableKey(`${each}@${domain}`), rest: left }));
  if (localDomains.has(domain))
    keys.push(...names.map(([each, left]) => ({ key: tableKey(each), rest: left })));
  keys.push({ key: tableKey(`@${domain}`), rest: '' });
  return keys;
}

/** @returns undefined when the address is not in the table */
function newAddress(
  old: string,
  keys: readonly Key[],
  answers: readonly Answer[],
  rule: Canonical,
): string | undefined {
  const index = answers.findIndex(({ kind }) => kind !== 'absent');
  const answer = answers[index];
  const key = keys[index];
  if (answer === undefined || key === undefined || answer.kind === 'absent') return undefined;
  if (answer.kind === 'failing') throw new TableFailure(answer.reason);
  const [value = '', second] = answer.values;
  const where = `the table ${rule.table.name} has for ${quoted(key.key)}`;
  if (second !== undefined) throw new RewritingError(`${where} several addresses`);
  const text = value.trim();
  const rest = rule.keepsSubaddress ? key.rest : '';
  const target = text.startsWith('@')
    ? `${withoutRest(old.slice(0, old.lastIndexOf('@')), key.rest)}${text}`
    : text.includes('@')
      ? text
      : `${text}@${rule.hostname}`;
  const address = checked(withSubaddress(target, rest));
  if (address === undefined) throw new RewritingError(`${where} ${quoted(value)}, which is no address`);
  return address;
}

function withoutRest(localPart: string, rest: string): string {
  return rest === '' ? localPart : withoutQuotes(localPart).slice(0, -rest.length);
}

function withSubaddress(address: string, rest: string): string {
  if (rest === '') return address;
  const at = address.lastIndexOf('@');
  const localPart = address.slice(0, at);
  const end = localPart.endsWith('"') ? at - 1 : at;
  return address.slice(0, end) + rest + address.slice(end);
}

/** In the syntax of SMTP; undefined when it is no mailbox. A domain is in A-labels, so that not every server on the way has to have SMTPUTF8. */
function checked(address: string): string | undefined {
  const mailbox = parseMailbox(address);
  if (mailbox.kind !== 'mailbox' || /[\0-\x1f\x7f-\x9f]/u.test(address)) return undefined;
  const { localPart, domain } = mailbox;
  if (!mailbox.nonAscii) return mailbox.address;
  const name = normalizeDomain(domain);
  return name === undefined ? undefined : `${localPart}@${name}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
