// From [[stage]] of kind "content-filter" and from_filter of a [[listen]]: what is left out on the way to a filter, and on the way back. Promises:
// what was done before the filter is not done once more behind it.

import type { Config } from '../config/config.ts';
import type { ListenConfig } from '../config/listen-config.ts';
import type { ContentFilterConfig } from '../config/stage-config.ts';
import { ContentFilterStage } from '../policy/stages/content-filter-stage.ts';
import { parseNetwork } from '../values/network.ts';

/** Who may hand mail back, where the listener does not say. */
const loopback = ['127.0.0.0/8', '::1/128'].map(parseNetwork);

export function contentFilterStage({ name, audience, route }: ContentFilterConfig): ContentFilterStage {
  return new ContentFilterStage({ name, audience: audience === 'everybody' ? undefined : audience, route });
}

/** The routes of mail that is signed when it is back from a filter, and not before; undefined for none. */
export function routesSignedLater({ stage }: Pick<Config, 'stage'>): ReadonlySet<string> | undefined {
  const routes = stage.flatMap((each) =>
    each.kind === 'content-filter' && each.sign === 'after' ? [each.route] : [],
  );
  return routes.length === 0 ? undefined : new Set(routes);
}

/** The configuration of a listener that takes mail back: without whatever was done when the mail came in for the first time. */
export function configOfBack(config: Config, { receive: own }: ListenConfig): Config {
  const { relayNetworks = loopback } = own;
  return {
    ...config,
    stage: [],
    rewrite: [],
    tap: [],
    recipients: [],
    srs: undefined,
    verification: { ...config.verification, mode: 'off' },
    verificationRule: [],
    clients: { ...config.clients, rules: undefined },
    receive: { ...config.receive, auth: 'none', relayNetworks, clientLimitsExempt: relayNetworks },
  };
}
