// `verp`: senders of their own for recipients, in [[route]], [[tenant]] and [bounce].

import { z } from 'zod';

import { parseVerpDelimiters, usualVerpDelimiters } from '../../values/verp-delimiters.ts';
import { expected, textOf } from './fields.ts';

/** Two delimiters; true for the usual ones, false for none. Becomes the delimiters, or '' for none. */
export function verp() {
  const choice = z.boolean().transform((isWanted) => (isWanted ? usualVerpDelimiters : ''));
  const form = 'true, false, or two delimiters such as "+="';
  return z.union([choice, textOf(form, parseVerpDelimiters)], { error: expected(form) });
}
