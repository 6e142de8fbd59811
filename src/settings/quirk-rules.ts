// What is done otherwise with some hosts: by [[quirk]], and by the keys of a [[route]] that are about the hosts of its relay.

import { isIP } from 'node:net';
import type { Config } from '../config/config.ts';
import type { QuirkRule } from '../deliver/smtp/host-quirks.ts';

export function quirkRules({ quirk, route }: Config): QuirkRule[] {
  const rules: QuirkRule[] = quirk.map(({ mx, ip, ignoreExtensions, pipelineDepth }) => ({
    hosts: mx,
    networks: ip,
    extensions: ignoreExtensions,
    pipelineDepth,
  }));
  for (const each of route) {
    if (each.kind !== 'relay') continue;
    const { ignoreExtensions: extensions = [], pipelineDepth, relay } = each;
    if (extensions.length === 0 && pipelineDepth === undefined) continue;
    const names = relay.filter(({ host }) => isIP(host) === 0);
    const addresses = relay.filter(({ host }) => isIP(host) !== 0);
    rules.push({
      hosts: names.map(({ host }) => ({ kind: 'exact', domain: host })),
      networks: addresses.map(({ host }) => ({ address: host, prefix: isIP(host) === 4 ? 32 : 128 })),
      extensions,
      pipelineDepth,
    });
  }
  return rules;
}
