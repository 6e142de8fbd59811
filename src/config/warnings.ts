// What is allowed and yet probably not meant: said by `sluice check` and at start.

import type { Config } from './config.ts';
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
  return warnings;
}
