// XCLIENT, the client's side (Postfix's XCLIENT_README): tells a central server for whom a front end speaks.

import { encodeXtext } from '../protocol/smtp/xtext.ts';
import { isIPv6 } from '../values/ip-version.ts';
import type { ToldClient } from './types.ts';

const control = /[\x00-\x1f\x7f-\x9f]/;
const controls = /[\x00-\x1f\x7f-\x9f]/g;
/** XCLIENT_README: the longest value, decoded. */
const maxValueLength = 255;
/** Words of XCLIENT itself. A client that says one in EHLO would have the central server take our name for its. */
const word = /^\[(?=(?:UNAVAILABLE|TEMPUNAVAIL)\]$)/i;

/** The attributes that an answer to EHLO or LHLO offers, in upper case; none when XCLIENT is not offered. */
export function offeredXclient(lines: readonly string[]): ReadonlySet<string> {
  const line = lines.find((each) => /^XCLIENT(?:[ \t]|$)/i.test(each)) ?? '';
  return new Set(
    line
      .toUpperCase()
      .split(/[ \t]+/)
      .slice(1),
  );
}

/**
 * The command without its CRLF.
 * @param ownAddress - our own, for programs of this host: the central server may know it
 */
export function xclientCommand(client: ToldClient, ownAddress: string, offered: ReadonlySet<string>): string {
  const address = client.address === '' ? ownAddress : client.address;
  const values: readonly (readonly [name: string, value: string])[] = [
    ['NAME', client.name ?? ''],
    ['ADDR', isIPv6(address) ? `IPV6:${address}` : address],
    ['PORT', client.port === undefined ? '' : String(client.port)],
    ['PROTO', client.extended ? 'ESMTP' : 'SMTP'],
    ['HELO', helloName(client.helo)],
    ['LOGIN', client.login ?? ''],
  ];
  return [
    'XCLIENT',
    ...values.filter(([name]) => offered.has(name)).map(([name, value]) => `${name}=${told(value)}`),
  ].join(' ');
}

/** What a client said in EHLO, as far as it can be told: never nothing, and encoded no longer than a line has room for. */
function helloName(said: string): string {
  const characters = [...said.slice(0, maxValueLength).replaceAll(controls, '?').replace(word, '?')];
  while (encodeXtext(characters.join('')).length > maxValueLength) characters.pop();
  return characters.join('');
}

function told(value: string): string {
  if (value === '' || value.length > maxValueLength || control.test(value)) return '[UNAVAILABLE]';
  return encodeXtext(value);
}
