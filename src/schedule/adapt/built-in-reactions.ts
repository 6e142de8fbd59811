// What Sluice knows by itself about replies that ask for less: the big providers' first, then words that any host may use.
// Only codes and key phrases; each rule names the page that documents it.

import { generalReactions } from './built-in/general.ts';
import { googleReactions } from './built-in/google.ts';
import { microsoftReactions } from './built-in/microsoft.ts';
import { providerReactions } from './built-in/providers.ts';
import { yahooReactions } from './built-in/yahoo.ts';
import type { ReactionRule } from './types.ts';

/** In the order in which they are tried: the first one that matches counts. */
export const builtInReactions: readonly ReactionRule[] = [
  ...googleReactions,
  ...microsoftReactions,
  ...yahooReactions,
  ...providerReactions,
  ...generalReactions,
];
