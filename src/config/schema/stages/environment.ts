// The key of [[stage]] tables of kinds that start programs: variables of their environment.

import { z } from 'zod';

import { expected, key } from '../fields.ts';

/** @param whose - "its programs" @param example - in TOML */
export function environmentKey(whose: string, example: string) {
  return key(
    z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of a variable'),
        z.string({ error: expected('a text') }),
        { error: expected('variables such as { PATH = "/usr/local/bin:/usr/bin:/bin" }') },
      )
      .transform((variables): ReadonlyMap<string, string> => new Map(Object.entries(variables)))
      .optional(),
    `Variables for ${whose}. Of the environment of Sluice they get PATH, HOME, LANG and TZ alone.`,
    { defaultText: 'none', example },
  );
}
