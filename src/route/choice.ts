// Who chose a route, in the route key, where it was not the [[route]] tables: a stage, whose choice is in the envelope, a plugin, a table of
// routes or the record of the domain, which are asked by the manager, or an operator who has released mail that a route held. A reload looks such mail up anew, and people are told who decided. The plan is the same as without the mark, so that
// plans and connections are shared with other mail of that route. Where nobody chooses, no key changes.

import type { RouteKey } from './types.ts';

export type Chooser = 'stage' | 'plugin' | 'table' | 'release' | 'provisioning';

/** No plan key begins like these. What a message asks for about TLS (`security/demand.ts`) comes before them. */
const marks: Readonly<Record<Chooser, string>> = {
  stage: 'by-stage!',
  plugin: 'by-plugin!',
  table: 'by-table!',
  release: 'by-release!',
  provisioning: 'by-provisioning!',
};

/** The route, with who chose it. @param route - without a demand about TLS */
export function chosenBy(chooser: Chooser, route: RouteKey): RouteKey {
  return { ...route, key: `${marks[chooser]}${route.key}` };
}

/** Who chose the route; undefined: the routing table says so. @param key - without a demand about TLS */
export function chooserOf(key: string): Chooser | undefined {
  if (!key.startsWith('by-')) return undefined;
  if (key.startsWith(marks.stage)) return 'stage';
  if (key.startsWith(marks.table)) return 'table';
  if (key.startsWith(marks.release)) return 'release';
  if (key.startsWith(marks.provisioning)) return 'provisioning';
  return key.startsWith(marks.plugin) ? 'plugin' : undefined;
}

/** The key without the mark. @param key - without a demand about TLS */
export function withoutChoice(key: string): string {
  const chooser = chooserOf(key);
  return chooser === undefined ? key : key.slice(marks[chooser].length);
}
