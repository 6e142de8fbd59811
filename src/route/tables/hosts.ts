// Hosts as other servers write them in their tables: `[relay.example.net]:587` of Postfix, `relay.example.net;587` of s/qmail.

import { parseRemoteHost, type RelayHost } from '../../values/endpoint.ts';
import { ValueError } from '../../values/value-error.ts';
import { parseSmarthost } from '../smarthost-resolution.ts';
import { isIP } from '../../values/ip-version.ts';

/** Names of ports that such tables have (services(5)). */
const services: ReadonlyMap<string, number> = new Map([
  ['smtp', 25],
  ['mail', 25],
  ['lmtp', 24],
  ['submission', 587],
  ['submissions', 465],
  ['smtps', 465],
]);

/** RFC 8314 7.3: nothing is said on this port before TLS. */
const implicitTlsPort = 465;

/**
 * A number or the name of a service.
 * @throws {ValueError} when it is neither
 */
export function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : services.get(text.toLowerCase());
  if (port !== undefined && port > 0 && port <= 65_535) return port;
  throw new ValueError(`"${text}" is no port`);
}

/** @throws {ValueError} when no mail can be handed to the host */
export function hostAt(host: string, port: number): RelayHost {
  const { host: name } = parseRemoteHost(isIP(host) === 6 ? `[${host}]` : host, port);
  if (parseSmarthost(name) === undefined) throw new ValueError(`"${host}" is no host`);
  return port === implicitTlsPort ? { host: name, port, implicitTls: true } : { host: name, port };
}

/** A host of a list of Postfix. */
export interface Destination {
  readonly host: string;
  readonly port: number | undefined;
  /** In brackets, or an address: its MX is not looked up. */
  readonly isHostItself: boolean;
}

/** Takes `[host]:port`, `host:port` or one without a port apart. @throws {ValueError} */
export function destinationOf(text: string): Destination {
  const bracketed = /^\[([^\]]*)\](?::(.+))?$/.exec(text);
  if (bracketed !== null) {
    const [, inner = '', port] = bracketed;
    const host = inner.replace(/^ipv6:/i, '');
    return { host, port: port === undefined ? undefined : portOf(port), isHostItself: true };
  }
  const [host = '', port, ...more] = text.split(':');
  if (more.length > 0) throw new ValueError(`"${text}" has more than one colon`);
  return { host, port: port === undefined ? undefined : portOf(port), isHostItself: isIP(host) !== 0 };
}
