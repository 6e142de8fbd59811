// Where this Sluice itself is reached: mail must not be handed to it, and it must not be asked about recipients.

import { networkInterfaces } from 'node:os';
import type { Config } from '../config/config.ts';
import type { BackupMx } from '../route/mx-resolution.ts';
import { backupDomains } from '../settings/backup.ts';
import { isIP } from '../values/ip-version.ts';

type Places = Pick<Config, 'listen'> & { readonly deliver: Pick<Config['deliver'], 'ownAddresses'> };

/** @returns whether Sluice is reached at an address, in canonical text, and a port */
export function isOwnAddress(config: Places): (ip: string, port: number) => boolean {
  const own = ownEndpoints(config);
  const given = new Set(config.deliver.ownAddresses);
  return (ip, port) => own.has(`${ip} ${port}`) || given.has(ip);
}

/**
 * The domains whose backup MX this server is; undefined where there are none. Of their MX hosts, those with an address of this machine are this
 * server: something before it, such as a rule of a firewall, may hand on what comes to port 25.
 */
export function backupMx(config: Pick<Config, 'route' | 'source'>): BackupMx | undefined {
  const domains = backupDomains(config);
  if (domains === undefined) return undefined;
  const own = new Set(config.source.map(({ address }) => address));
  for (const list of Object.values(networkInterfaces())) {
    for (const { address, internal } of list ?? []) if (!internal) own.add(address);
  }
  return { has: (domain) => domains.mostSpecific(domain) !== undefined, isOwnAddress: (ip) => own.has(ip) };
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
