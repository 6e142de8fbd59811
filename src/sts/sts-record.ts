// The TXT record that says that a domain has an MTA-STS policy, and which version of it (RFC 8461 3.1). Pure.

/** What the TXT records of `_mta-sts.<domain>` say. */
export type StsRecord =
  /** None of them is about MTA-STS. */
  | { readonly kind: 'none' }
  /** There is no usable record, and so no policy. */
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'record'; readonly id: string };

/** The version is case-sensitive, and what does not begin with it is ignored. A space before the `;` is allowed by the grammar. */
const isAboutSts = /^v=STSv1[ \t]*;/;
const delimiter = /[ \t]*;[ \t]*/;
const idField = /^id=([A-Za-z0-9]{1,32})$/;
/** The value: printable ASCII without `=`, `;` and spaces. */
const extension = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\x21-\x3a\x3c\x3e-\x7e]+$/;

/** Longest record that is read: a hostile one costs no time. The longest useful one has about 50 characters. */
const maxLength = 4_096;

/**
 * Reads the TXT records of `_mta-sts.<domain>`.
 *
 * @param texts - each with its character-strings joined without a separator
 */
export function readStsRecords(texts: readonly string[]): StsRecord {
  const about = texts.filter((text) => isAboutSts.test(text));
  const [text, ...others] = about;
  if (text === undefined) return { kind: 'none' };
  // RFC 8461 3.1: if the number of resulting records is not one, the domain has no available policy.
  if (others.length > 0) return { kind: 'invalid', reason: `there are ${about.length} records, not one` };
  return readRecord(text);
}

function readRecord(text: string): StsRecord {
  if (text.length > maxLength) return { kind: 'invalid', reason: 'the record is too long' };
  const [, ...fields] = text.split(delimiter);
  // A delimiter at the end is allowed.
  if (fields.at(-1)?.trimEnd() === '') fields.pop();
  let id: string | undefined;
  for (const [index, field] of fields.entries()) {
    const bare = index === fields.length - 1 ? field.replace(/(?<![ \t])[ \t]+$/, '') : field;
    const found = idField.exec(bare);
    if (found !== null) id ??= found[1];
    else if (bare.startsWith('id='))
      return { kind: 'invalid', reason: 'its id is not 1 to 32 letters and digits' };
    else if (!extension.test(bare))
      return { kind: 'invalid', reason: 'a field is neither an id nor an extension' };
  }
  return id === undefined ? { kind: 'invalid', reason: 'it has no id' } : { kind: 'record', id };
}
