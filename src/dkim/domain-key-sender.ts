// Whose mail a DomainKeys signature (RFC 4870) is about: the address in Sender, or else in From, among the fields below the signature.

import { domainOf } from '../address/domain.ts';
import { parseAddressList } from '../message/address-list.ts';
import type { RawField } from './header-block.ts';

/** RFC 4870 3.2.2: the first of them. Empty when there is none. */
export function senderOf(below: readonly RawField[]): string {
  const field = below.find(({ name }) => name === 'sender') ?? below.find(({ name }) => name === 'from');
  if (field === undefined) return '';
  const value = Buffer.from(field.text.slice(field.valueStart), 'latin1').toString('utf8');
  return parseAddressList(value, '').addresses[0] ?? '';
}

/** As lower-case A-labels; empty when there is none. */
export function senderDomainOf(below: readonly RawField[]): string {
  return domainOf(senderOf(below));
}
