// The servers that routes hand mail to, and which of them are listeners of this Sluice itself, as far as that is known without DNS.

import { type Endpoint, formatRelayHost } from '../../values/endpoint.ts';
import type { ListenAddress } from '../../values/listen-address.ts';
import { formatMailServer } from '../../values/mail-server.ts';
import { hostsOf, isOwnAddress, loopback } from '../../values/own-address.ts';
import type { PackageProtocol } from '../../values/package-server.ts';
import type { Config } from '../config.ts';
import type { RouteConfig } from '../route-config.ts';
import { isIP } from '../../values/ip-version.ts';

type Own = Pick<Config, 'hostname' | 'listen'>;

/** A server of a route. */
interface Target {
  readonly key: 'relay' | 'lmtp' | PackageProtocol | 'fallback_relay';
  readonly at: number;
  readonly shown: string;
  readonly addresses: readonly ListenAddress[];
}

/** The servers of a route at which this Sluice listens: it never hands mail to them. */
export function ownTargets(route: RouteConfig, own: Own): readonly Omit<Target, 'addresses'>[] {
  return targetsOf(route, own).filter(({ addresses }) =>
    addresses.some((address) => isOwnAddress(address, own.listen)),
  );
}

function targetsOf(route: RouteConfig, own: Own): readonly Target[] {
  const relays = (key: 'relay' | 'fallback_relay', hosts: readonly Endpoint[] = []): readonly Target[] =>
    hosts.map((host, at) => ({
      key,
      at,
      shown: formatRelayHost(host),
      addresses: addressesOf(host, own),
    }));
  const fallback = relays('fallback_relay', route.fallbackRelay);
  if (route.kind === 'relay') return [...relays('relay', route.relay), ...fallback];
  const { kind } = route;
  if (kind !== 'lmtp' && kind !== 'qmqp' && kind !== 'qmtp') return fallback;
  const servers = kind === 'lmtp' ? route.lmtp : route.servers;
  return servers.map((server, at) => ({
    key: kind,
    at,
    shown: formatMailServer(server),
    addresses: server.kind === 'unix' ? [server] : addressesOf(server, own),
  }));
}

/** Does this Sluice listen at an address, as far as that is known without DNS? */
export function listensAt(
  target: (Endpoint & { readonly kind: 'tcp' }) | { readonly kind: 'unix'; readonly path: string },
  own: Own,
): boolean {
  const addresses = target.kind === 'unix' ? [target] : addressesOf(target, own);
  return addresses.some((address) => isOwnAddress(address, own.listen));
}

/** Of a name, those that are known without DNS. */
function addressesOf({ host, port }: Endpoint, { hostname, listen }: Own): readonly ListenAddress[] {
  if (host === 'localhost') return loopback.map((each) => ({ kind: 'tcp', host: each, port }));
  if (host === hostname) return hostsOf(listen).map((each) => ({ kind: 'tcp', host: each, port }));
  return isIP(host) === 0 ? [] : [{ kind: 'tcp', host, port }];
}
