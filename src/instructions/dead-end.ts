// Names that stand for others, and for nothing in the end: a circle without a way out. Who took such a name for one that asks for nothing would lose mail.

/**
 * @param leadsTo - the names that each name stands for
 * @param ends - the names that stand for something that is no name
 * @returns a way into the first name that leads to nothing, such as `a`, `b`, `a`; undefined: each leads to something
 */
export function deadEnd(
  leadsTo: ReadonlyMap<string, readonly string[]>,
  ends: Iterable<string>,
): readonly string[] | undefined {
  const namedBy = new Map<string, string[]>();
  for (const [name, others] of leadsTo)
    for (const other of others) namedBy.set(other, [...(namedBy.get(other) ?? []), name]);
  const alive = new Set(ends);
  for (const name of alive) for (const other of namedBy.get(name) ?? []) alive.add(other);
  let name = [...leadsTo.keys()].find((each) => !alive.has(each));
  if (name === undefined) return undefined;
  const way = new Set<string>();
  while (name !== undefined && !way.has(name)) {
    way.add(name);
    name = leadsTo.get(name)?.[0];
  }
  return name === undefined ? [...way] : [...way, name];
}
