// What is allowed and yet probably not meant: said by `sluice check` and at start.

import { isIP } from 'node:net';

import type { Config } from './config.ts';
import { unreachableTenants } from './unreachable-tenants.ts';
import { formatSize } from './values/size.ts';

/** Warnings for people; each names the key. */
export function configWarnings(config: Config): string[] {
  const warnings: string[] = [];
  for (const { address, prefix } of config.receive.relayNetworks) {
    const widest = address.includes(':') ? 16 : 8;
    const loopback = address.startsWith('127.');
    if (prefix < widest && !loopback) {
      warnings.push(
        `receive.relay_networks: ${address}/${prefix} is a large part of the Internet; whoever is in it can send anything to anyone through this host (open relay)`,
      );
    }
  }
  if (config.queue.sync === 'none') {
    warnings.push(
      'queue.sync: "none" means that a power cut loses mail whose senders were told that it is safe',
    );
  }
  if (config.receive.memoryLimit < config.receive.largeMessage * 2) {
    warnings.push(
      `receive.memory_limit: ${formatSize(config.receive.memoryLimit)} holds hardly a message of large_message (${formatSize(config.receive.largeMessage)})`,
    );
  }
  if (config.queue.bounceLifetime > config.queue.lifetime) {
    warnings.push(
      'queue.bounce_lifetime: longer than lifetime; bounces would wait longer than the mail they are about',
    );
  }
  if (config.hostname.endsWith('.localdomain')) {
    warnings.push(
      `hostname: ${config.hostname} is no name that others can look up; set it to this host's full name before you send mail to the Internet`,
    );
  }
  const header = config.receive.priorityHeader?.toLowerCase();
  if (header === 'x-priority' || header === 'importance' || header === 'priority') {
    warnings.push(
      `receive.priority_header: ${config.receive.priorityHeader} has another scale than -9 to 9; "MT-Priority" is the field of RFC 6758`,
    );
  }
  return [...warnings, ...sourceWarnings(config), ...limitWarnings(config), ...tenantWarnings(config)];
}

function sourceWarnings({ source, deliver }: Config): string[] {
  if (source.length === 0) return [];
  return ([4, 6] as const)
    .filter((version) => (version === 4 ? deliver.ipv4 : deliver.ipv6))
    .filter((version) => !source.some(({ address }) => isIP(address) === version))
    .map(
      (version) =>
        `source: none has an IPv${version} address, so nothing is delivered to IPv${version} addresses; if that is meant, say ipv${version} = false in [deliver]`,
    );
}

function limitWarnings(config: Config): string[] {
  const most = config.deliver.maxConnections;
  const warnings: string[] = [];
  for (const [index, limit] of config.limit.entries()) {
    const { connections, domain, domainFile, mx, ip, source, queue, per } = limit;
    const key = `limit[${index + 1}]`;
    const isDefault = [domain, mx, ip, source, queue].every((match) => match === undefined);
    if (isDefault && typeof connections === 'number' && connections > most && most > 0) {
      warnings.push(
        `${key}.connections: ${connections} can never be reached, since max_connections in [deliver] is ${most}`,
      );
    }
    if (per.includes('source') && config.source.length === 0) {
      warnings.push(
        `${key}.per: there is no [[source]], so all connections count as those of one source, which the system chooses`,
      );
    }
    if (domain?.length === 0) {
      warnings.push(`${key}.domain_file: ${domainFile} names no domain, so the limit holds for nothing`);
    }
  }
  return warnings;
}

function tenantWarnings({ tenant }: Config): string[] {
  return unreachableTenants(tenant).map(
    ({ index, takenBy }) =>
      `tenant[${index + 1}]: nobody can be in ${tenant[index]?.name}, since ${tenant[takenBy]?.name} stands before it and takes the same mail`,
  );
}
