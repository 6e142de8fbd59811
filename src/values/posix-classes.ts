// Classes and escapes of POSIX expressions, in the syntax of RE2.

/** The classes of characters that POSIX names (9.3.5), all of them in ASCII. */
export const classes: ReadonlyMap<string, string> = new Map(
  [
    'alnum',
    'alpha',
    'blank',
    'cntrl',
    'digit',
    'graph',
    'lower',
    'print',
    'punct',
    'space',
    'upper',
    'xdigit',
  ].map((name) => [name, `[:${name}:]`]),
);

/** Escapes that the C library of GNU knows beside those of POSIX. `\<` and `\>` have no counterpart. */
export const escapes: ReadonlyMap<string, string> = new Map([
  ['w', '[0-9A-Za-z_]'],
  ['W', '[^0-9A-Za-z_]'],
  ['s', '[[:space:]]'],
  ['S', '[^[:space:]]'],
  ['b', '\\b'],
  ['B', '\\B'],
  ['`', '\\A'],
  ["'", '\\z'],
]);
