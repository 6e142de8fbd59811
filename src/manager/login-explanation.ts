// Explains the log-ins at the hosts of a plan.

import type { ShownLogin } from '../control/operations/shown-login.ts';
import type { RoutePlan } from '../route/types.ts';
import type { Logins } from './logins.ts';

export function explainLogins(plan: RoutePlan, logins: Pick<Logins, 'of'>): ShownLogin[] {
  if (plan.kind === 'error') return [];
  return plan.addresses.flatMap((hop) => {
    const login = hop.login;
    const last = logins.of(hop);
    if (login === undefined && last === undefined) return [];
    return [{ host: hop.host, endpoint: hop.key, credential: login?.credential ?? '', last }];
  });
}
