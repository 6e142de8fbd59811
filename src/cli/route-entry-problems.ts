// What is wrong with the entries of a table of routes, by its form: mail that finds such an entry waits. For `sluice check`.

import type { RouteTableConfig } from '../config/route-table-config.ts';
import { routeForms } from '../route/tables/form.ts';
import { type TableWay, whyNoLogin } from '../route/tables/way.ts';
import type { LoginOfUser } from '../manager/ways/ways.ts';
import type { Contents } from '../table/contents.ts';

/** Entries that are told of one by one. */
const mostTold = 10;

/** A recipient's domain: what an entry says may depend on it, and whether it can be understood does not. */
const someDomain = 'example.com';

/** @returns one clause for each; nothing for a table whose entries cannot be read one after the other */
export async function routeEntryProblems(
  contents: Pick<Contents, 'readAll'>,
  { by, form, isOfPatterns }: Pick<RouteTableConfig, 'by' | 'form' | 'isOfPatterns'>,
  hasRoute: (name: string) => boolean,
  loginOf: LoginOfUser,
): Promise<readonly string[]> {
  const { neverAsked, read } = routeForms[form];
  const told: string[] = [];
  let more = 0;
  await contents.readAll?.((key, value) => {
    const why =
      (by === 'tenant' || isOfPatterns === true ? undefined : neverAsked(key)) ??
      unusable(read(value, someDomain, hasRoute), loginOf);
    if (why === undefined) return;
    if (told.length < mostTold) told.push(`the entry of ${JSON.stringify(key)}: ${why}`);
    else more++;
  });
  return more === 0 ? told : [...told, `${more} more entries have mistakes`];
}

/** The value itself is not told: it may have a password. */
function unusable(way: TableWay, loginOf: LoginOfUser): string | undefined {
  if (way.kind === 'wrong') return `${way.why}. Its mail waits`;
  if (way.kind !== 'login') return undefined;
  const login = loginOf(way.user);
  return typeof login === 'string' ? `${whyNoLogin(way, login)}. Its mail waits` : undefined;
}
