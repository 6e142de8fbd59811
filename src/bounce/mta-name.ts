// How a report names the server that took or refused mail (Remote-MTA, RFC 3464 2.3.5).

/**
 * A server at a Unix-domain socket has no name in the network, and RFC 3464 has no type for a path of this machine, which is
 * nobody's business. It is part of this mail system, so it has the name of that.
 *
 * @param host - as in a refusal: a name, or `unix:` with the path of a socket
 */
export function mtaName(host: string, reportingMta: string): string {
  return host.startsWith('unix:') ? reportingMta : host;
}
