// Connections per key where the file says nothing: a limit with the same `per`, without a match, takes the place of each.

/** In the order in which they are shown. */
export const builtInLimits = [
  ['domain', 20],
  ['site', 50],
  ['ip', 20],
] as const;
