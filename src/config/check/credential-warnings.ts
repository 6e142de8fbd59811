// Warnings of credentials that nobody uses, and of routes where some mail would go without a log-in.

import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

export function credentialWarnings({
  credential,
  route,
}: Pick<Config, 'credential' | 'route'>): ConfigWarning[] {
  const namesOf = (each: Config['route'][number]) => (each.kind === 'relay' ? (each.credential ?? []) : []);
  const used = new Set(route.flatMap(namesOf));
  const unused = credential.flatMap(({ name }, index): ConfigWarning[] =>
    used.has(name)
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
  return [...unused, ...partly];
}
