// Warnings of networks whose hosts get rights, and that hold a large part of the Internet: each of them makes an open relay.

import { isLargeNetwork, type Network } from '../../values/network.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

export function wideNetworkWarnings({ listen, receive }: Config): ConfigWarning[] {
  const relaying = 'all of its clients can send mail to anyone through this host (open relay)';
  const ofListeners = listen.flatMap(({ proxyProtocol, xclient, receive: { relayNetworks = [] } }, index) => [
    ...warningsOf(['listen', index, 'relay_networks'], relayNetworks, relaying),
    ...warningsOf(
      ['listen', index, 'proxy_protocol'],
      proxyProtocol,
      'all of its hosts can pretend to be any client by a PROXY header, and so send mail to anyone through this host (open relay); name the load balancers alone',
    ),
    ...warningsOf(
      ['listen', index, 'xclient'],
      xclient,
      'all of its hosts can pretend to be any client by XCLIENT, and so send mail to anyone through this host (open relay); name the front ends alone',
    ),
  ]);
  const ofRelaying = warningsOf(['receive', 'relay_networks'], receive.relayNetworks, relaying);
  return [...ofRelaying, ...ofListeners];
}

function warningsOf(
  path: ConfigWarning['path'],
  networks: readonly Network[],
  consequence: string,
): ConfigWarning[] {
  return networks.flatMap((network, index) => {
    if (!isLargeNetwork(network)) return [];
    const message = `${network.address}/${network.prefix} is a large part of the Internet; ${consequence}`;
    return [{ path: [...path, index], message }];
  });
}
