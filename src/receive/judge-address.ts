// Whether mail to a recipient is taken, and to which address it goes then.

import { domainOf } from '../address/domain.ts';
import type { ReceiveContext } from './receive-context.ts';

export interface AddressVerdict {
  /** Where the mail goes; the recipient's own address but for the postmaster of this host. */
  readonly address: string;
  readonly isTaken: boolean;
}

/** @param isRelayClient - it may send to anyone */
export function judgeAddress(
  { settings, relay }: ReceiveContext,
  isRelayClient: boolean,
  forwardPath: string,
): AddressVerdict {
  const { hostname, postmaster } = settings;
  const isPostmaster = /^postmaster(?:@|$)/i.test(forwardPath) && isOurs(forwardPath, hostname);
  // RFC 5321 4.5.1: mail for the postmaster of this host is taken from everyone.
  const address = isPostmaster ? (postmaster ?? `postmaster@${hostname}`) : forwardPath;
  const isTaken = isRelayClient || address === postmaster || relay.acceptsDomain(domainOf(address));
  return { address, isTaken };
}

/** Has the path no domain, or that of this host? */
function isOurs(forwardPath: string, hostname: string): boolean {
  const at = forwardPath.lastIndexOf('@');
  return at === -1 || forwardPath.slice(at + 1).toLowerCase() === hostname;
}
