// XFORWARD (Postfix's XFORWARD_README): tells a server, for its log, where a message came from. Only attributes that the server has
// announced are sent. Promises: each command is a line of at most 512 bytes, whatever a value holds.

import { encodeXtext } from '../xtext.ts';
import { isIPv6 } from '../../../values/ip-version.ts';

/** Where a message came from, as far as it is known; empty: it is not. */
export interface ForwardedClient {
  /** The IP address of the client. */
  readonly address: string;
  /** What the client said in HELO or EHLO. */
  readonly helo: string;
  /** Our queue id of the message. */
  readonly id: string;
  /** `SMTP`, `ESMTP`, `LMTP`. */
  readonly protocol: string;
  /** Did the message come from another host? */
  readonly isRemote: boolean;
}

/** The attributes that can be sent, in their order. Clients' names and ports are not kept with messages. */
const valueOf: Readonly<Record<string, (client: ForwardedClient) => string>> = {
  NAME: () => '',
  ADDR: ({ address }) => (isIPv6(address) ? `IPV6:${address}` : address),
  PORT: () => '',
  PROTO: ({ protocol }) => protocol,
  HELO: ({ helo }) => helo,
  IDENT: ({ id }) => id,
  SOURCE: ({ isRemote }) => (isRemote ? 'REMOTE' : 'LOCAL'),
};

/** The README's bound of a decoded value; an encoded one must leave room for the command. */
const maxValueLength = 255;
const maxEncodedLength = 400;
/** RFC 5321 4.5.3.1.4, with CRLF. */
const maxCommandLength = 512;
const control = /[\x00-\x1f\x7f-\x9f]/;

/** The attributes of ours that an EHLO reply offers. @param parameter - of the keyword XFORWARD */
export function offeredAttributes(parameter: string): readonly string[] {
  const offered = new Set(parameter.toUpperCase().split(/[ \t]+/));
  return Object.keys(valueOf).filter((name) => offered.has(name));
}

/** The commands with their CRLF; none when the server has offered no attribute. */
export function xforwardCommands(client: ForwardedClient, offered: readonly string[]): string[] {
  const commands: string[] = [];
  let command = '';
  for (const name of offered) {
    const attribute = ` ${name}=${valueText(valueOf[name]?.(client) ?? '')}`;
    if (command.length + attribute.length > maxCommandLength - 2) {
      commands.push(`${command}\r\n`);
      command = '';
    }
    command = `${command === '' ? 'XFORWARD' : command}${attribute}`;
  }
  return command === '' ? commands : [...commands, `${command}\r\n`];
}

function valueText(value: string): string {
  if (value === '' || value.length > maxValueLength || control.test(value)) return '[UNAVAILABLE]';
  const encoded = encodeXtext(value);
  return encoded.length > maxEncodedLength ? '[UNAVAILABLE]' : encoded;
}
