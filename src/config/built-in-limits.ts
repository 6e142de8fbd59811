// The built-in limits on connections. A [[limit]] with the same `per` that sets connections and has no match replaces each.

/** The `per` and the connections of each, in the order in which they are shown. */
export const builtInLimits = [
  ['domain', 20],
  ['site', 50],
  ['ip', 20],
] as const;
