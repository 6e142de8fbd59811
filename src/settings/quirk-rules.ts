// What is done otherwise with some hosts: by [[quirk]], and by the keys of a [[route]] that are about the hosts of its relay.

import type { Config } from '../config/config.ts';
import type { QuirkRule } from '../deliver/smtp/host-quirks.ts';
import { isIP } from '../values/ip-version.ts';

export function quirkRules({ quirk, route, stage }: Config): QuirkRule[] {
  // A content filter may hand on what the listener behind it says.
  const toFilters = new Set(stage.flatMap((each) => (each.kind === 'content-filter' ? [each.route] : [])));
  const rules: QuirkRule[] = quirk.map(({ mx, ip, ignoreExtensions, ownName, pipelineDepth }) => ({
    hosts: mx,
    networks: ip,
    extensions: ignoreExtensions,
    pipelineDepth,
    ownName,
  }));
  for (const each of route) {
    if (each.kind !== 'relay') continue;
    const { ignoreExtensions: extensions = [], pipelineDepth, relay } = each;
    const ownName = each.name !== undefined && toFilters.has(each.name) ? 'accept' : undefined;
    if (extensions.length === 0 && pipelineDepth === undefined && ownName === undefined) continue;
    for (const { host, port } of relay) {
      const version = isIP(host);
      rules.push({
        hosts: version === 0 ? [{ kind: 'exact', domain: host }] : [],
        networks: version === 0 ? [] : [{ address: host, prefix: version === 4 ? 32 : 128 }],
        port,
        extensions,
        pipelineDepth,
        ownName,
      });
    }
  }
  return rules;
}
