// Warns of content filters whose mail goes in a circle or reaches no filter, and of stages at listeners where none is asked.

import { formatListenAddress } from '../../values/listen-address.ts';
import type { Config } from '../config.ts';
import type { ListenConfig } from '../listen-config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';
import type { RouteConfig } from '../route-config.ts';
import type { ContentFilterConfig } from '../stage-config.ts';
import { ownTargets } from './own-targets.ts';

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
    return [...warnings, ...filtersOfOurOwn(each, route, { hostname, listen })];
  });
}

function asks(wanted: readonly string[] | undefined, { address, fromFilter }: ListenConfig): boolean {
  return fromFilter === undefined && wanted?.includes(formatListenAddress(address)) !== false;
}

/** Hosts of the filter's route at which Sluice itself listens. */
function filtersOfOurOwn(
  { name, route: wanted }: ContentFilterConfig,
  routes: readonly RouteConfig[],
  own: Pick<Config, 'hostname' | 'listen'>,
): ConfigWarning[] {
  return routes.flatMap((route, index) => {
    if (route.name !== wanted) return [];
    return ownTargets(route, own).map(({ at, key, shown }) => {
      const message = `Sluice itself listens at ${shown}, so that mail of the stage ${name} reaches no filter; write the address of the filter, and let it hand mail back to a [[listen]] with from_filter`;
      return { path: ['route', index, key, at], message };
    });
  });
}
