// What becomes of messages that a stage has marked, as spam or for a virus.

import { z } from 'zod';

import { ValueError } from '../../../values/value-error.ts';
import { expected, key, oneOf, tableOf, textOf } from '../fields.ts';

const actions = ['reject', 'tempfail', 'quarantine', 'discard', 'continue'] as const;

const traceFields: ReadonlySet<string> = new Set(['received', 'return-path', 'delivered-to']);

/**
 * RFC 5322 2.2: a name of printable characters without a colon; the value here is one line.
 * @throws {ValueError} when it is no field
 */
export function markField(text: string): { readonly name: string; readonly value: string } {
  const [, name, value] = /^([!-9;-~]{1,76}):[ \t]*([\x20-\x7e]{1,900})$/u.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new ValueError(`${JSON.stringify(text)} is no field: it looks like "X-Spam: Yes"`);
  if (traceFields.has(name.toLowerCase()))
    throw new ValueError(
      `${name} is a field of mail servers, by which loops are found: take another name, such as X-Spam`,
    );
  return { name, value };
}

/**
 * @param action - the default
 * @param whose - "in which a virus was found"
 */
export function markedMail<const Action extends (typeof actions)[number]>(action: Action, whose: string) {
  const table = tableOf({
    action: key(
      oneOf(actions).optional(),
      'What is done with it: it is refused (550); its client is asked to try again later (451); it is held in quarantine; it is answered 250 and dropped; it goes on.',
      { defaultText: `"${action}"; with route or add_field, "continue"`, example: '"quarantine"' },
    ),
    route: key(
      z.string({ error: expected('the name of a route') }).optional(),
      'The [[route]] by which it goes, whatever routes match.',
      { defaultText: 'that of other mail', example: '"marked"' },
    ),
    add_field: key(
      textOf('a field such as "X-Spam: Yes"', markField).optional(),
      'A field that is put on top of its header.',
      {
        defaultText: 'none',
        example: '"X-Spam: Yes"',
      },
    ),
  }).transform(({ action: given, route, add_field: added }) => ({
    action: given ?? (route === undefined && added === undefined ? action : ('continue' as const)),
    route,
    field: added,
  }));
  return key(table.prefault({}), `What becomes of a message ${whose}.`);
}
