// XCLIENT and XFORWARD (Postfix's XCLIENT_README and XFORWARD_README): with these, a front end tells about the client for which it
// speaks. XCLIENT: the session goes on as if that client had connected. XFORWARD: facts for the log alone.
// Promises: every value is bounded, and holds no control character.

import { isIPv4 } from 'node:net';
import { plainIp } from '../../../values/ip-address.ts';
import { decodeXtext } from '../xtext.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { ForwardedFacts, XclientFacts } from './server-types.ts';
import { isIPv6 } from '../../../values/ip-version.ts';

/** The attributes, as in the answer to EHLO. */
export const xclientKeyword = 'XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT';
export const xforwardKeyword = 'XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE';

/** Both READMEs: the longest value, decoded. */
const maxValueLength = 255;

/** "The information is not available", also when it may be later (TEMPUNAVAIL, of NAME). */
const unavailable = /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i;
const portNumber = /^(?:0|[1-9]\d{0,4})$/;
const control = /[\x00-\x1f\x7f-\x9f]/;

type Values = Partial<Record<string, string>>;

/** How values of an attribute are read: undefined when one is malformed. */
type Reader = (value: string) => string | undefined;

const xclientReaders: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['NAME', asIs],
  ['ADDR', address],
  ['PORT', port],
  ['PROTO', protocol],
  ['HELO', asIs],
  ['LOGIN', asIs],
  ['DESTADDR', address],
  ['DESTPORT', port],
]);

const xforwardReaders: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['NAME', asIs],
  ['ADDR', forwardedAddress],
  ['PORT', port],
  ['PROTO', asIs],
  ['HELO', asIs],
  ['IDENT', asIs],
  ['SOURCE', source],
]);

/** Reads XCLIENT. @param text - the line after the verb */
export function readXclient(text: string): XclientFacts | FixedReply {
  const values = readAttributes(text, xclientReaders);
  if (values === undefined) return Replies.attributes;
  return {
    name: values['NAME'],
    address: values['ADDR'],
    port: values['PORT'],
    protocol: values['PROTO'],
    helo: values['HELO'],
    login: values['LOGIN'],
    destination: values['DESTADDR'],
    destinationPort: values['DESTPORT'],
  };
}

/** Reads XFORWARD. @param text - the line after the verb */
export function readXforward(text: string): ForwardedFacts | FixedReply {
  const values = readAttributes(text, xforwardReaders);
  if (values === undefined) return Replies.attributes;
  return {
    name: values['NAME'],
    address: values['ADDR'],
    port: values['PORT'],
    protocol: values['PROTO'],
    helo: values['HELO'],
    id: values['IDENT'],
    source: values['SOURCE'],
  };
}

/** Undefined when the line is malformed, has no attribute, or has an unknown one or the same twice. */
function readAttributes(text: string, readers: ReadonlyMap<string, Reader>): Values | undefined {
  const values: Values = {};
  let count = 0;
  for (const word of text.split(' ')) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    const name = word.slice(0, Math.max(equals, 0)).toUpperCase();
    const value = readValue(word.slice(equals + 1), readers.get(name));
    if (value === undefined || values[name] !== undefined) return undefined;
    values[name] = value;
    count++;
  }
  return count === 0 ? undefined : values;
}

function readValue(text: string, reader: Reader | undefined): string | undefined {
  const value = decodeXtext(text);
  if (reader === undefined || value === undefined || value === '') return undefined;
  if (value.length > maxValueLength || control.test(value)) return undefined;
  return unavailable.test(value) ? '' : reader(value);
}

function asIs(value: string): string {
  return value;
}

/** `192.0.2.1` or `IPV6:2001:db8::1`; some front ends leave out the prefix. */
function address(value: string): string | undefined {
  const text = value.replace(/^IPV6:/i, '');
  const isAddress = text.length < value.length ? isIPv6(text) : isIPv4(text) || isIPv6(text);
  return isAddress && !text.includes('%') ? plainIp(text) : undefined;
}

/** One text for each address, so that a log can be searched for it; anything else, as a client of another protocol may have, is left as it is. */
function forwardedAddress(value: string): string {
  return address(value) ?? value;
}

function port(value: string): string | undefined {
  return portNumber.test(value) && Number(value) <= 0xffff ? value : undefined;
}

function protocol(value: string): string | undefined {
  const upper = value.toUpperCase();
  return upper === 'SMTP' || upper === 'ESMTP' ? upper : undefined;
}

function source(value: string): string | undefined {
  const upper = value.toUpperCase();
  return upper === 'LOCAL' || upper === 'REMOTE' ? upper : undefined;
}
