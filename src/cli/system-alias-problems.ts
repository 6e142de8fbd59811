// Which aliases of users of the system make mail wait, for `sluice check`: each is followed as for mail. What the files that they include have is
// looked at as far as whoever runs the command may see it.

import type { Config } from '../config/config.ts';
import { mostForwards } from '../deliver/system/job.ts';
import { aliasSteps } from '../instructions/alias-steps.ts';
import { type Fault, fault } from '../instructions/types.ts';
import { withIncluded } from '../local/included.ts';
import type { AliasNames } from '../policy/recipients/system-aliases.ts';
import type { AliasPermit } from '../values/system-way.ts';

/** More are counted. */
const mostShown = 20;
/** An alias that names another one with the domain is followed at as many domains. */
const mostDomains = 10;

/**
 * @param route - those of the configuration: at their domains, the aliases are followed
 * @returns a sentence for each alias whose mail waits
 */
export async function systemAliasProblems(
  { all, textOf }: Extract<AliasNames, { readonly kind: 'names' }>,
  route: Config['route'],
  permits: readonly AliasPermit[],
): Promise<readonly string[]> {
  const messages = new Set<string>();
  for (const name of all)
    for (const domain of domainsOf(route)) {
      const wrong = await faultOf(name, domain, { permits, textOf });
      if (wrong !== undefined) messages.add(`mail for the alias ${name} waits: ${wrong.text}`);
    }
  const more = messages.size - mostShown;
  const shown = [...messages].slice(0, mostShown);
  return more > 0 ? [...shown, `${more} more aliases like these`] : shown;
}

function domainsOf(route: Config['route']): readonly string[] {
  const all = route.flatMap(({ kind, domain }) => (kind === 'local' ? domain : []));
  const exact = all.flatMap((each) => (each.kind === 'exact' ? [each.domain] : []));
  return exact.length === 0 ? ['localhost'] : [...new Set(exact)].slice(0, mostDomains);
}

async function faultOf(
  name: string,
  domain: string,
  rules: { readonly permits: readonly AliasPermit[]; readonly textOf: (name: string) => string | undefined },
): Promise<Fault | undefined> {
  const found = aliasSteps(name, { domain, ...rules });
  if (found.kind === 'fault') return found;
  const includes = found.steps.filter(({ kind }) => kind === 'include');
  const included = await withIncluded(includes, { kind: 'mbox', path: '' }, domain);
  // Of others, such as a file that only its user may read, the delivery alone can tell.
  if ('kind' in included) return included.status === '4.3.0' ? undefined : included;
  const steps = [...found.steps.filter(({ kind }) => kind !== 'include'), ...included];
  if (steps.length === 0 && !found.hasUser) return fault('4.3.5', 'it stands for nobody');
  const addresses = steps.flatMap((step) => (step.kind === 'forward' ? [step.address] : []));
  return new Set(addresses).size > mostForwards
    ? fault('4.3.5', `it stands for more than ${mostForwards} addresses`)
    : undefined;
}
