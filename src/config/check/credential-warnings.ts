// Warnings of credentials that nobody uses, and of routes where some mail would go without a log-in, or none can go.

import { formatEndpoint } from '../../values/endpoint.ts';
import { matchesPattern } from '../../values/domain.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import { isIP } from '../../values/ip-version.ts';

export function credentialWarnings({
  credential,
  route,
  routeTable,
  tls,
}: Pick<Config, 'credential' | 'route' | 'routeTable' | 'tls'>): ConfigWarning[] {
  const namesOf = (each: Config['route'][number]) => (each.kind === 'relay' ? (each.credential ?? []) : []);
  const used = new Set(route.flatMap(namesOf));
  // Lines of s/qmail may name the user of any of them.
  const mayBeNamed = routeTable.some(({ form }) => form === 'smtproutes' || form === 'authsenders');
  const unused = credential.flatMap(({ name }, index): ConfigWarning[] =>
    used.has(name) || mayBeNamed
      ? []
      : [
          {
            path: ['credential', index],
            message: `no route has credential = "${name}", so it is never used`,
          },
        ],
  );
  const partly = route.flatMap((each, index): ConfigWarning[] => {
    const names = namesOf(each);
    const isForAll = names.some((name) => credential.find((one) => one.name === name)?.sender.length === 0);
    if (names.length === 0 || isForAll) return [];
    const message = `${names.length === 1 ? 'it is' : 'all are'} for some senders only: mail of others goes there without a log-in; if that is not meant, add a credential without sender`;
    return [{ path: ['route', index, 'credential'], message }];
  });
  const nameless = route.flatMap((each, index): ConfigWarning[] => {
    if (each.kind !== 'relay' || namesOf(each).length === 0) return [];
    if (each.tls !== undefined && each.tls !== 'verified') return [];
    const host = each.relay.find(({ host: name }) => isIP(name) !== 0 && !isKnownBesideName(name, tls));
    if (host === undefined) return [];
    const message = `no certificate can be verified for ${formatEndpoint(host)}, which is an address, so no mail is sent there; name the host, or give the names or the fingerprints of its certificate in a [[tls]] with mx = ["${host.host}"]`;
    return [{ path: ['route', index, 'relay'], message }];
  });
  return [...unused, ...partly, ...nameless];
}

/** Does a [[tls]] say what the certificate has in place of the name of the host, or that it need not be verified? */
function isKnownBesideName(host: string, tls: Config['tls']): boolean {
  return tls.some(({ fingerprints, level, mx, names }) => {
    const isLess = level !== undefined && level !== 'verified';
    const isFor = mx === undefined || mx.some((pattern) => matchesPattern(pattern, host));
    return isFor && (isLess || names !== undefined || fingerprints !== undefined);
  });
}
