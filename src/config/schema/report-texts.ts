// A file with texts of reports, which [bounce] names.

import { type TextKey, textKeys, unknownVariable, variablesOf } from '../../values/report-texts.ts';
import { ValueError } from '../../values/value-error.ts';
import { tableOf, textOf } from './fields.ts';
import { tenantName } from './texts.ts';

/** Longer texts are no texts for people. */
const mostCharacters = 4_000;

/** A language tag (RFC 5646) in lower case. */
export function languageTag(text: string): string {
  if (!/^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/iu.test(text))
    throw new ValueError(`"${text}" is no language: write "de" or "pt-BR"`);
  return text.toLowerCase();
}

export function language() {
  return textOf('a language such as "de" or "pt-BR"', languageTag);
}

function textFor(key: TextKey) {
  return textOf('a text', (text) => {
    if (text.length > mostCharacters) throw new ValueError(`must have at most ${mostCharacters} characters`);
    const unknown = unknownVariable(key, text);
    if (unknown === undefined) return text;
    const known = variablesOf(key).map((name) => `{${name}}`);
    throw new ValueError(`{${unknown}} is not known here; this text may have ${known.join(', ')}`);
  }).optional();
}

/** The keys of such a file. */
export const reportTexts = tableOf({
  language: language(),
  tenant: textOf('a name such as "newsletters"', tenantName).optional(),
  ...textFields(),
});

function textFields() {
  const fields: Partial<Record<TextKey, ReturnType<typeof textFor>>> = {};
  for (const name of Object.keys(textKeys) as TextKey[]) fields[name] = textFor(name);
  return fields as Record<TextKey, ReturnType<typeof textFor>>;
}
