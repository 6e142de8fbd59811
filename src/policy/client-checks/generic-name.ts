// Is the name of a host one that its provider gives to all its customers, made of the address: `198-51-100-7.dsl.example.net`? Pure. Hosts that are
// meant to send mail mostly have a name of their own.

import { readAddress } from '../../values/address-bits.ts';

/** Labels that providers give to lines whose address or customer changes. */
const lineWord =
  /(?:^|[.-]|\d)(?:adsl|broadband|cable|catv|cpe|dhcp|dial|dialin|dialup|dip|docsis|dsl|dyn|dynamic|dynip|fios|ftth|gprs|hsd|ipv?4?|lte|mobile|modem|nat|pool|pools|ppp|pppoe|res|umts|vdsl|wimax|xdsl)(?:[.-]|\d|$)/u;

/**
 * @param name - in lower case
 * @param address - the address of the client, in text
 */
export function isGenericName(name: string, address: string): boolean {
  const words = new Uint32Array(4);
  const bits = readAddress(address, words);
  if (bits === 0) return false;
  // The domain of the provider is no part of what is made of the address.
  const labels = name.split('.');
  const own = labels.slice(0, Math.max(1, labels.length - 2)).join('.');
  return bits === 32 ? isMadeOfIpv4(own, words[0] ?? 0) : isMadeOfIpv6(own, words);
}

function isMadeOfIpv4(own: string, address: number): boolean {
  const octets = [address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff];
  const hex = octets.map((octet) => octet.toString(16).padStart(2, '0'));
  const reversed = octets.toReversed();
  if (own.includes(hex.join('')) || own.includes(hex.toReversed().join(''))) return true;
  // 198-51-100-7, 007.100.051.198, 198051100007, and so on.
  for (const order of [octets, reversed]) {
    if (hasNumbers(own, order)) return true;
    if (own.includes(order.map((octet) => String(octet).padStart(3, '0')).join(''))) return true;
  }
  // The last two octets in either order, beside a word for lines.
  if (!lineWord.test(own)) return false;
  const lastTwo = octets.slice(2);
  return hasNumbers(own, lastTwo) || hasNumbers(own, lastTwo.toReversed());
}

/** Are these numbers in the text one after the other, with anything but digits between them? */
function hasNumbers(text: string, numbers: readonly number[]): boolean {
  const found = [...text.matchAll(/\d+/gu)].map(([digits]) => (digits.length > 3 ? -1 : Number(digits)));
  return found.some((_, at) => numbers.every((number, index) => found[at + index] === number));
}

/** The last 64 bits, or all of them, as hexadecimal digits, whatever separates them. */
function isMadeOfIpv6(own: string, words: Uint32Array): boolean {
  const groups = Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
  const digits = own.replaceAll(/[.-]/gu, '');
  if (digits.includes(groups) || digits.includes([...groups].toReversed().join(''))) return true;
  const host = groups.slice(16);
  // Of an address such as 2001:db8::1, the last 64 bits are too little to tell.
  return !host.startsWith('00000000') && digits.includes(host);
}
