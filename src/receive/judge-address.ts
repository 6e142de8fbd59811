// Decides whether mail to a recipient is accepted, and to which address it goes.

import { domainOf } from '../address/domain.ts';
import type { ReceiveContext } from './receive-context.ts';

export interface AddressVerdict {
  /** The address that the mail goes to: that of RCPT, or for the postmaster of this host, the configured one. */
  readonly address: string;
  readonly isAccepted: boolean;
}

/** @param isRelayClient - whether the client may send to anyone */
export function judgeAddress(
  { settings, relay }: ReceiveContext,
  isRelayClient: boolean,
  forwardPath: string,
): AddressVerdict {
  const { hostname, postmaster } = settings;
  const isPostmaster = /^postmaster(?:@|$)/i.test(forwardPath) && isOfThisHost(forwardPath, hostname);
  // RFC 5321 4.5.1: mail for the postmaster of this host is accepted from everyone.
  const address = isPostmaster ? (postmaster ?? `postmaster@${hostname}`) : forwardPath;
  const isAccepted = isRelayClient || address === postmaster || relay.acceptsDomain(domainOf(address));
  return { address, isAccepted };
}

/** Has the path no domain, or the name of this host as its domain? */
function isOfThisHost(forwardPath: string, hostname: string): boolean {
  const at = forwardPath.lastIndexOf('@');
  return at === -1 || forwardPath.slice(at + 1).toLowerCase() === hostname;
}
