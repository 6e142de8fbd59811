// Where this Sluice itself listens: mail must not be handed to it, and it must not be asked about recipients.

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Config } from '../config/config.ts';

/** @returns whether Sluice listens at an address, in canonical text, and a port */
export function isOwnAddress(config: Pick<Config, 'listen'>): (ip: string, port: number) => boolean {
  const own = ownEndpoints(config);
  return (ip, port) => own.has(`${ip} ${port}`);
}

/** Addresses and ports at which this Sluice listens; a wildcard stands for every address of the machine. */
function ownEndpoints(config: Pick<Config, 'listen'>): Set<string> {
  const own = new Set<string>();
  for (const { address } of config.listen) {
    if (address.kind !== 'tcp') continue;
    const hosts =
      address.host === '0.0.0.0' || address.host === '::'
        ? Object.values(networkInterfaces()).flatMap((list) => list?.map((each) => each.address) ?? [])
        : [address.host];
    for (const host of hosts) if (isIP(host) !== 0) own.add(`${host} ${address.port}`);
  }
  return own;
}
