// Where a milter or another program that mail servers ask listens, in the forms of Sendmail and Postfix: `inet:port@host`, `inet:host:port`,
// `unix:/path`, `local:/path`.

import { ValueError } from './value-error.ts';

export type ProgramAddress =
  /** The host is a name or an IP address. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

const hostPattern = /^[A-Za-z0-9.:_-]+$/;

/**
 * @param whose - for the error: "a milter"
 * @param usualPort - of such a program, for the examples in the error
 * @throws {ValueError} when it is none
 */
export function parseServiceAddress(text: string, whose: string, usualPort = 11_332): ProgramAddress {
  const examples = `it looks like "inet:${usualPort}@127.0.0.1", "inet:127.0.0.1:${usualPort}" or "unix:/run/NAME.sock"`;
  const wrong = (why: string): ValueError => new ValueError(`"${text}" is no address of ${whose}: ${why}`);
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const rest = text.slice(colon + 1);
  if (kind === 'unix' || kind === 'local') {
    if (!rest.startsWith('/')) throw wrong('the path of the socket must begin with "/"');
    if (rest.includes('\0')) throw wrong('a path has no NUL character');
    return { kind: 'unix', path: rest };
  }
  if (kind !== 'inet' && kind !== 'inet6') throw wrong(examples);
  const { host, port } =
    (/^(?<port>\d+)@(?<host>.+)$/.exec(rest) ?? /^(?<host>.+):(?<port>\d+)$/.exec(rest))?.groups ?? {};
  const plainHost = host?.replace(/^\[(.*)\]$/, '$1');
  if (plainHost === undefined || port === undefined || !hostPattern.test(plainHost)) throw wrong(examples);
  const number = Number(port);
  if (number < 1 || number > 65_535) throw wrong('a port is from 1 to 65535');
  return { kind: 'tcp', host: plainHost, port: number };
}

/** The one text of an address: `inet:11332@127.0.0.1`, `unix:/run/opendkim/opendkim.sock`. */
export function formatServiceAddress(address: ProgramAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `inet:${address.port}@${address.host}`;
}
