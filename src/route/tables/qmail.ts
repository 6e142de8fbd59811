// Values of the control files smtproutes, qmtproutes and authsenders of qmail and s/qmail, read as they are:
//
//   smtproutes   domain:relay:port        qmail-remote(8)
//                domain:relay;port|user|password   s/qmail
//   qmtproutes   domain:relay;port
//   authsenders  sender:relay;port|user|password

import type { RelayHost } from '../../values/endpoint.ts';
import { packagePorts } from '../../values/package-server.ts';
import { ValueError } from '../../values/value-error.ts';
import type { RouteTarget } from '../route-rule.ts';
import { hostAt, portOf } from './hosts.ts';
import { type TableWay, toMx, wrong } from './way.ts';
import { isIP } from '../../values/ip-version.ts';

/** Reads what follows the first colon of a line of `smtproutes` or `authsenders`. */
export function readSmtpRoute(value: string, domain: string): TableWay {
  const [place = '', user = ''] = value.split('|');
  try {
    const { host, port } = placeOf(place.trim());
    // qmail-remote(8): without a relay, to the MX of the domain.
    if (host === '') return port === undefined ? toMx : ofMx(domain, port);
    const target = toRelay(hostAt(host, port ?? 25));
    return user === '' ? { kind: 'target', target } : { kind: 'login', target, user };
  } catch (error) {
    if (error instanceof ValueError) return wrong(error.message);
    throw error;
  }
}

/** Reads what follows the first colon of a line of `qmtproutes`. */
export function readQmtpRoute(value: string): TableWay {
  const [place = ''] = value.split('|');
  try {
    const { host, port = packagePorts.qmtp } = placeOf(place.trim());
    if (host === '') return toMx;
    const server = { kind: 'host', host: hostAt(host, port).host, port } as const;
    return { kind: 'target', target: { kind: 'qmtp', servers: [server], mode: 'failover' } };
  } catch (error) {
    if (error instanceof ValueError) return wrong(error.message);
    throw error;
  }
}

function ofMx(domain: string, port: number): TableWay {
  return { kind: 'target', target: { kind: 'mx-of', domain, port } };
}

function toRelay(host: RelayHost): Extract<RouteTarget, { readonly kind: 'smarthost' }> {
  return { kind: 'smarthost', hosts: [host], mode: 'failover' };
}

/** `host`, `host:port` or `host;port`; an IPv6 address has a port behind a semicolon, or is in brackets. @throws {ValueError} */
function placeOf(text: string): { readonly host: string; readonly port: number | undefined } {
  const parts = /^\[([^\]]*)\](?:[:;](.*))?$/.exec(text) ?? /^([^;]*);(.*)$/.exec(text);
  if (parts !== null) return { host: parts[1] ?? '', port: optionalPort(parts[2]) };
  if (isIP(text) === 6) return { host: text, port: undefined };
  const colon = text.indexOf(':');
  if (colon === -1) return { host: text, port: undefined };
  return { host: text.slice(0, colon), port: optionalPort(text.slice(colon + 1)) };
}

function optionalPort(text: string | undefined): number | undefined {
  return text === undefined || text.trim() === '' ? undefined : portOf(text.trim());
}
