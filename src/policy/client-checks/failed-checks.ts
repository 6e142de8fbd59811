// What is wrong with how a client shows itself. Pure but for look-ups that are handed in; its promises never reject. A fault of the DNS is told apart
// from a name that is not there: the sender has done nothing wrong by it.

import { addressOfLiteral, normalizeDomain } from '../../address/domain.ts';
import type { Resolver } from '../../dns/types.ts';
import type { ConfirmedNames } from '../../dns/confirmed-names.ts';
import type { ClientCheck } from '../../values/client-check.ts';
import { plainIp } from '../../values/ip-address.ts';
import { isGenericName } from './generic-name.ts';

/** Of a client and its envelope. */
export interface ShownClient {
  /** Empty when it is not known. */
  readonly address: string;
  readonly helo: string;
  /** In lower-case A-labels; empty for the null sender. */
  readonly senderDomain: string;
}

export interface CheckSurroundings {
  readonly lookups: {
    /** The names of a client that lead back to it. */
    names(address: string): Promise<ConfirmedNames>;
    addresses: Resolver['addresses'];
    mx: Resolver['mx'];
  };
  /** Names of this host, in lower-case A-labels. */
  readonly isOurs: (name: string) => boolean;
  /** The address that the client has connected to; undefined when not known. */
  readonly ownAddress: string | undefined;
  /** Names that are generic beside those that are found to be. */
  readonly isGeneric: (name: string) => boolean;
  /** Names that are not, whatever they look like. */
  readonly isNotGeneric: (name: string) => boolean;
}

export interface CheckOutcome {
  readonly failed: readonly ClientCheck[];
  /** Checks that cannot be made now. */
  readonly unknown: readonly ClientCheck[];
  /** The name of the client that leads back to it; empty when there is none, or it was not looked up. */
  readonly name: string;
}

/** Checks that need no look-up. */
export function checkWithoutLookups(
  { helo, address, senderDomain }: ShownClient,
  { isOurs, ownAddress }: Pick<CheckSurroundings, 'isOurs' | 'ownAddress'>,
): readonly ClientCheck[] {
  const failed: ClientCheck[] = [];
  const name = normalizeDomain(helo);
  const literal = addressOfLiteral(helo);
  const bare = bareAddress(helo);
  const ours = ownAddress === undefined ? undefined : plainIp(ownAddress);
  // RFC 5321 4.1.3: an address stands in brackets.
  if (name === undefined || bare !== undefined) failed.push('helo_syntax');
  else if (literal === undefined) {
    if (!name.includes('.')) failed.push('helo_not_qualified');
  } else if (address !== '' && plainIp(literal) !== plainIp(address)) failed.push('helo_literal');
  const shownAddress = literal ?? bare;
  const isOursShown =
    shownAddress === undefined ? name !== undefined && isOurs(name) : plainIp(shownAddress) === ours;
  if (isOursShown && address !== ownAddress) failed.push('helo_is_ours');
  if (senderDomain !== '' && !senderDomain.startsWith('[') && !senderDomain.includes('.'))
    failed.push('sender_not_qualified');
  return failed;
}

/** The IP address that a name without brackets is; undefined when it is none. */
function bareAddress(helo: string): string | undefined {
  const text = helo.endsWith('.') ? helo.slice(0, -1) : helo;
  return addressOfLiteral(`[${text}]`) ?? addressOfLiteral(`[IPv6:${text}]`);
}

/** @param wanted - the checks whose look-ups are made */
export async function checkByLookups(
  shown: ShownClient,
  surroundings: CheckSurroundings,
  wanted: (check: ClientCheck) => boolean,
): Promise<CheckOutcome> {
  const outcomes = await Promise.all([
    wanted('helo_unknown') || wanted('helo_unconfirmed') ? heloOutcome(shown, surroundings) : nothing,
    wanted('name_missing') || wanted('name_unconfirmed') || wanted('name_generic')
      ? nameOutcome(shown, surroundings)
      : nothing,
    wanted('sender_unknown') || wanted('sender_null_mx') ? senderOutcome(shown, surroundings) : nothing,
  ]);
  return {
    failed: outcomes.flatMap(({ failed }) => failed),
    unknown: outcomes.flatMap(({ unknown }) => unknown),
    name: outcomes.map(({ name }) => name).find((name) => name !== '') ?? '',
  };
}

const nothing: CheckOutcome = { failed: [], unknown: [], name: '' };

function failing(...failed: readonly ClientCheck[]): CheckOutcome {
  return { ...nothing, failed };
}

function unknown(...checks: readonly ClientCheck[]): CheckOutcome {
  return { ...nothing, unknown: checks };
}

async function heloOutcome({ helo, address }: ShownClient, { lookups }: CheckSurroundings) {
  const name = normalizeDomain(helo);
  // What is no name has failed without look-ups, and a literal has no name.
  if (name === undefined || name.startsWith('[')) return nothing;
  const [four, six, mx] = await Promise.all([
    lookups.addresses(name, 4),
    lookups.addresses(name, 6),
    lookups.mx(name),
  ]);
  const all = [four, six, mx];
  if (!all.some(({ kind }) => kind === 'found')) {
    const isUnsure = all.some(({ kind }) => kind === 'failed');
    return isUnsure
      ? unknown('helo_unknown', 'helo_unconfirmed')
      : failing('helo_unknown', 'helo_unconfirmed');
  }
  const addresses = [four, six].flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (address === '' || addresses.some((each) => plainIp(each) === plainIp(address))) return nothing;
  const isUnsure = four.kind === 'failed' || six.kind === 'failed';
  return isUnsure ? unknown('helo_unconfirmed') : failing('helo_unconfirmed');
}

async function nameOutcome(
  { address }: ShownClient,
  { lookups, isGeneric, isNotGeneric }: CheckSurroundings,
): Promise<CheckOutcome> {
  if (address === '') return nothing;
  const found = await lookups.names(address);
  switch (found.kind) {
    case 'failed':
      return unknown('name_missing', 'name_unconfirmed', 'name_generic');
    case 'none':
      return failing('name_missing');
    case 'unconfirmed':
      return failing('name_unconfirmed');
    case 'names': {
      const names = found.names.map((name) => name.toLowerCase());
      const [first = ''] = names;
      const generic = names.every(
        (name) => !isNotGeneric(name) && (isGeneric(name) || isGenericName(name, address)),
      );
      return { ...(generic ? failing('name_generic') : nothing), name: first };
    }
  }
}

/** RFC 5321 5.1: mail to a domain goes to its MX, or without any to its addresses. */
async function senderOutcome({ senderDomain }: ShownClient, { lookups }: CheckSurroundings) {
  if (senderDomain === '' || senderDomain.startsWith('[')) return nothing;
  const [mx, four, six] = await Promise.all([
    lookups.mx(senderDomain),
    lookups.addresses(senderDomain, 4),
    lookups.addresses(senderDomain, 6),
  ]);
  // RFC 7505 3: a null MX stands alone, and says that the domain takes no mail.
  if (mx.kind === 'found')
    return mx.records.length === 1 && mx.records[0]?.exchange === '.' ? failing('sender_null_mx') : nothing;
  if (four.kind === 'found' || six.kind === 'found') return nothing;
  const isUnsure = [mx, four, six].some(({ kind }) => kind === 'failed');
  return isUnsure ? unknown('sender_unknown', 'sender_null_mx') : failing('sender_unknown');
}
