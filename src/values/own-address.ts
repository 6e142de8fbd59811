// Which addresses are listeners of this Sluice itself, as far as the configuration alone says it. Pure.

import { includesAddress, type ListenAddress } from './listen-address.ts';

export const loopback: readonly string[] = ['127.0.0.1', '::1'];

interface Listener {
  readonly address: ListenAddress;
}

/** A listener at a wildcard takes connections to addresses of this host alone: which these are, the file says only of some. */
export function isOwnAddress(address: ListenAddress, listen: readonly Listener[]): boolean {
  const isOfThisHost =
    address.kind === 'unix' ||
    address.host.startsWith('127.') ||
    [...loopback, ...hostsOf(listen)].includes(address.host);
  return isOfThisHost && listen.some((each) => includesAddress(each.address, address));
}

/** The IP addresses of listeners. */
export function hostsOf(listen: readonly Listener[]): readonly string[] {
  return listen.flatMap(({ address }) => (address.kind === 'tcp' ? [address.host] : []));
}
