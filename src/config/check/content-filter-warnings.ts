// Warns of content filters whose mail goes in a circle or reaches no filter, and of stages at listeners where none is asked.

import { isIP } from 'node:net';

import { type Endpoint, formatRelayHost } from '../../values/endpoint.ts';
import { formatListenAddress, includesAddress, type ListenAddress } from '../../values/listen-address.ts';
import { formatLmtpServer } from '../../values/lmtp-server.ts';
import type { Config } from '../config.ts';
import type { ListenConfig } from '../listen-config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { RouteConfig } from '../route-config.ts';
import type { ContentFilterConfig } from '../stage-config.ts';

export function contentFilterWarnings({ hostname, listen, route, stage }: Config): ConfigWarning[] {
  return stage.flatMap((each, index) => {
    const { name, listen: wanted } = each;
    const warnings: ConfigWarning[] = [];
    const asking = listen.filter((one) => asks(wanted, one));
    const isForLocalMail = 'localMail' in each && each.localMail === true;
    if (wanted !== undefined && asking.length === 0 && !isForLocalMail) {
      const message = `no stage is asked at a [[listen]] with from_filter, so ${name} is asked about no mail that comes in; name the listeners where mail comes in for the first time`;
      warnings.push({ path: ['stage', index, 'listen'], message });
    }
    if (each.kind !== 'content-filter') return warnings;
    // A filter on this host may relay, so that it is no stranger, and it does not log in.
    if (asking.length === listen.length && each.audience === 'everybody') {
      const message = `what the filter hands back goes to it again, until it is returned to its sender (554 5.4.6): add a [[listen]] with from_filter = "any", and let the filter hand mail back to it`;
      warnings.push({ path: ['stage', index], message });
    }
    return [...warnings, ...ownTargets(each, route, { hostname, listen })];
  });
}

function asks(wanted: readonly string[] | undefined, { address, fromFilter }: ListenConfig): boolean {
  return fromFilter === undefined && wanted?.includes(formatListenAddress(address)) !== false;
}

/** Hosts of the filter's route at which Sluice itself listens. */
function ownTargets(
  { name, route: wanted }: ContentFilterConfig,
  routes: readonly RouteConfig[],
  own: Pick<Config, 'hostname' | 'listen'>,
): ConfigWarning[] {
  return routes.flatMap((route, index) => {
    if (route.name !== wanted) return [];
    return targetsOf(route, own).flatMap(({ key, at, shown, addresses }) => {
      if (!addresses.some((address) => isOwn(address, own.listen))) return [];
      const message = `Sluice itself listens at ${shown}, so that mail of the stage ${name} reaches no filter; write the address of the filter, and let it hand mail back to a [[listen]] with from_filter`;
      return [{ path: ['route', index, key, at], message }];
    });
  });
}

interface Target {
  readonly key: 'relay' | 'lmtp';
  readonly at: number;
  readonly shown: string;
  readonly addresses: readonly ListenAddress[];
}

function targetsOf(route: RouteConfig, own: Pick<Config, 'hostname' | 'listen'>): readonly Target[] {
  if (route.kind === 'relay')
    return route.relay.map((host, at) => ({
      key: 'relay',
      at,
      shown: formatRelayHost(host),
      addresses: addressesOf(host, own),
    }));
  if (route.kind !== 'lmtp') return [];
  return route.lmtp.map((server, at) => ({
    key: 'lmtp',
    at,
    shown: formatLmtpServer(server),
    addresses: server.kind === 'unix' ? [server] : addressesOf(server, own),
  }));
}

/** Of a name, those that are known without DNS. */
function addressesOf(
  { host, port }: Endpoint,
  { hostname, listen }: Pick<Config, 'hostname' | 'listen'>,
): readonly ListenAddress[] {
  if (host === 'localhost') return loopback.map((each) => ({ kind: 'tcp', host: each, port }));
  if (host === hostname) return hostsOf(listen).map((each) => ({ kind: 'tcp', host: each, port }));
  return isIP(host) === 0 ? [] : [{ kind: 'tcp', host, port }];
}

const loopback = ['127.0.0.1', '::1'];

/** A listener at a wildcard takes connections to addresses of this host alone: which these are, the file says only of some. */
function isOwn(address: ListenAddress, listen: readonly ListenConfig[]): boolean {
  const isOfThisHost =
    address.kind === 'unix' ||
    address.host.startsWith('127.') ||
    [...loopback, ...hostsOf(listen)].includes(address.host);
  return isOfThisHost && listen.some((each) => includesAddress(each.address, address));
}

function hostsOf(listen: readonly ListenConfig[]): readonly string[] {
  return listen.flatMap(({ address }) => (address.kind === 'tcp' ? [address.host] : []));
}
