// Why `sluice tls check` got no session under TLS, and what to look at then: that depends on the step, and on what the system said.

import { opensslReason } from '../tls/openssl-reason.ts';
import { formatRelayHost, type RelayHost } from '../values/endpoint.ts';

export type ProbeStep = 'connecting' | 'asking for STARTTLS' | 'shaking hands' | 'speaking under TLS';

export interface ProbeFailure {
  /** A clause without a final period. */
  readonly why: string;
  readonly advice: string;
}

export function probeFailure(error: unknown, step: ProbeStep, host: RelayHost): ProbeFailure {
  const own = firstOf(error);
  const why = opensslReason(own);
  if (step === 'connecting') return notConnected(codeOf(own), why, host);
  if (step === 'asking for STARTTLS') {
    const advice =
      'If TLS begins before the greeting on this port, write smtps://HOST. If the server should offer STARTTLS, look at its configuration and log.';
    return { why, advice };
  }
  if (
    step === 'shaking hands' &&
    host.implicitTls === true &&
    /wrong version number|packet length/u.test(why)
  ) {
    const plain = formatRelayHost({ ...host, implicitTls: false });
    return {
      why: `the server does not begin with TLS (${why})`,
      advice: `If it offers STARTTLS on this port, write ${plain}.`,
    };
  }
  return { why, advice: 'The log of the server says more, if it is yours.' };
}

function notConnected(code: string, message: string, host: RelayHost): ProbeFailure {
  const known = notConnectedBy[code];
  if (known !== undefined) return known(host, message);
  if (code === '') return { why: message, advice: firewallAdvice(host) };
  return { why: message, advice: 'See that the host and the port are right.' };
}

/** By the codes of Node; that of getaddrinfo(3) has another form than those of connect(2). */
const notConnectedBy: Readonly<Record<string, (host: RelayHost, message: string) => ProbeFailure>> = {
  ECONNREFUSED: ({ host, port }) => ({
    why: `the connection was refused: nothing listens on port ${port}, or a firewall says so`,
    advice: `See that the mail server runs and listens on this address and port, for example with "ss -ltn" on ${host}.`,
  }),
  ENOTFOUND: ({ host }) => ({
    why: `the DNS knows no address of ${host}`,
    advice: 'See that the name is right.',
  }),
  EAI_AGAIN: ({ host }) => ({
    why: `the address of ${host} could not be looked up: no name server has answered`,
    advice: 'See that the name servers in /etc/resolv.conf answer, and try again.',
  }),
  ECONFIGURED: ({ host }, message) => ({
    why: `the address of ${host} could not be looked up: ${message}`,
    advice: 'See that the name servers in [dns] of the configuration answer, and try again.',
  }),
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ETIMEDOUT: (host) => ({ why: 'the host does not answer', advice: firewallAdvice(host) }),
};

function noRoute({ host }: RelayHost): ProbeFailure {
  return {
    why: `there is no route to ${host}`,
    advice: 'See that this host has a route to that network, with IPv6 if the address is one of IPv6.',
  };
}

function firewallAdvice({ port }: RelayHost): string {
  return `A firewall may drop the packets: many networks close port 25 to the outside. Try from another network, or see that port ${port} is open.`;
}

/** Of several addresses, the first one's reason: connect(2) fails with one of them for all, most of the time. */
function firstOf(error: unknown): unknown {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  return first instanceof Error ? first : error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
