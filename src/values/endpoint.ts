// Hosts with a port, to listen on or to connect to: "127.0.0.1:2525", "[::1]:2525", "relay.example.net:25".

import ipaddr from 'ipaddr.js';

import { parseDomain } from './domain.ts';
import { ValueError } from './value-error.ts';
import { isIP } from './ip-version.ts';

/** A host and a TCP or UDP port. */
export interface Endpoint {
  /** An IP address in plain text (no brackets), or a host name in lower-case A-labels. */
  readonly host: string;
  readonly port: number;
}

function parsePort(text: string, whole: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new ValueError(`"${whole}": the port "${text}" is not a number from 0 to 65535`);
  }
  return port;
}

/** Splits "host:port" and "[ipv6]:port"; the port is undefined when there is none. */
function splitHostPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) {
    const host = bracketed[1] ?? '';
    if (isIP(host) !== 6) throw new ValueError(describeWrongBrackets(text, host, bracketed[2]));
    return { host, port: bracketed[2] === undefined ? undefined : parsePort(bracketed[2], text) };
  }
  if (isIP(text) === 6) return { host: text, port: undefined };
  const colon = text.indexOf(':');
  if (colon === -1) return { host: text, port: undefined };
  if (text.includes(':', colon + 1)) {
    throw new ValueError(`"${text}": write an IPv6 address with a port in brackets, e.g. "[2001:db8::1]:25"`);
  }
  return { host: text.slice(0, colon), port: parsePort(text.slice(colon + 1), text) };
}

/** Postfix writes `[smtp.example.com]:587` for a host whose MX is not to be looked up. */
function describeWrongBrackets(text: string, host: string, port: string | undefined): string {
  const plain = port === undefined ? host : `${host}:${port}`;
  try {
    parseDomain(host);
  } catch {
    return `"${text}": brackets must contain an IPv6 address, e.g. "[::1]:25"`;
  }
  return `"${text}": brackets are for IPv6 addresses; write "${plain}", which is the host itself: its MX is not looked up`;
}

/** Does a listener on `a` also take connections to `b`? `0.0.0.0` is every IPv4 address, `::` every address (dual stack). */
export function listensOn(a: Endpoint, b: Endpoint): boolean {
  if (a.port !== b.port) return false;
  // `::ffff:192.0.2.1` is 192.0.2.1 (RFC 4291 2.5.5.2).
  const [one, other] = [ipaddr.process(a.host), ipaddr.process(b.host)];
  if (one.toString() === other.toString()) return true;
  if (one.toString() === '::') return true;
  return one.toString() === '0.0.0.0' && other.kind() === 'ipv4';
}

/**
 * Reads an address to listen on: an IP address and a port (0: any free port).
 * @throws {ValueError} when it is not one.
 */
export function parseListenEndpoint(text: string): Endpoint {
  const { host, port } = splitHostPort(text);
  if (isIP(host) === 0) {
    throw new ValueError(
      `"${text}": listen on an IP address and a port, e.g. "127.0.0.1:2525", "0.0.0.0:25" or "[::]:25"`,
    );
  }
  if (port === undefined) throw new ValueError(`"${text}": a port is missing, e.g. "${bracket(host)}:25"`);
  return { host, port };
}

/** A host to hand mail to. */
export type RelayHost = Endpoint & {
  /** TLS begins before the greeting (RFC 8314 3.3). */
  readonly implicitTls?: boolean;
};

const implicitScheme = 'smtps://';

/**
 * Reads a host to hand mail to: a name or an IP address, and a port (25 if none is given); with `smtps://` before it, one where TLS
 * begins before the greeting (port 465 if none is given).
 * @throws {ValueError} when it is not one.
 */
export function parseRelayHost(text: string): RelayHost {
  const [scheme = ''] = /^[a-z]+:\/\//i.exec(text) ?? [];
  if (scheme === '') return parseRemoteHost(text, 25);
  if (scheme.toLowerCase() === implicitScheme) {
    return { ...parseRemoteHost(text.slice(scheme.length), 465), implicitTls: true };
  }
  throw new ValueError(
    `"${text}": write "${text.slice(scheme.length)}", or "${implicitScheme}${text.slice(scheme.length)}" where TLS begins before the greeting`,
  );
}

/** Prints a host as it is written in the configuration. */
export function formatRelayHost(host: RelayHost): string {
  return `${host.implicitTls === true ? implicitScheme : ''}${formatEndpoint(host)}`;
}

/**
 * Reads a name or an IP address, and a port.
 * @param defaultPort - used when none is given
 * @throws {ValueError} when it is not one.
 */
export function parseRemoteHost(text: string, defaultPort: number): Endpoint {
  const { host, port } = splitHostPort(text);
  if (port === 0) throw new ValueError(`"${text}": nothing can be reached on port 0`);
  return { host: isIP(host) === 0 ? parseDomain(host) : host, port: port ?? defaultPort };
}

/**
 * Reads a name server: an IP address, and a port (53 if none is given).
 * @throws {ValueError} when it is not one.
 */
export function parseNameServer(text: string): Endpoint {
  return parseServer(text, 53, 'name servers are IP addresses, e.g. "192.0.2.53" or "127.0.0.1:5353"');
}

/**
 * Reads a server of StatsD: an IP address, and a port (8125 if none is given).
 * @throws {ValueError} when it is not one.
 */
export function parseStatsdServer(text: string): Endpoint {
  return parseServer(text, 8125, 'write an IP address and a port, e.g. "127.0.0.1:8125"');
}

/** @param form - what is said of a name */
function parseServer(text: string, defaultPort: number, form: string): Endpoint {
  const { host, port } = splitHostPort(text);
  if (isIP(host) === 0) throw new ValueError(`"${text}": ${form}`);
  if (port === 0) throw new ValueError(`"${text}": nothing can be reached on port 0`);
  return { host, port: port ?? defaultPort };
}

/** Prints an endpoint as `host:port`, an IPv6 address in brackets. */
export function formatEndpoint(endpoint: Endpoint): string {
  return `${bracket(endpoint.host)}:${endpoint.port}`;
}

function bracket(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
