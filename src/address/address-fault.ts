// Why an address was refused, as a stable word for programs and a sentence for people (RFC 5321 4.1.2, RFC 6531).

const texts = {
  'no-brackets': 'the path is not enclosed in < and >',
  'no-local-part': 'there is nothing before the @',
  'no-domain': 'there is no domain after the mailbox name',
  'local-part-syntax': 'the part before the @ is neither a dot-separated name nor a quoted string',
  'domain-syntax':
    'the domain is not made of letters, digits, underscores and inner hyphens, separated by single dots',
  'domain-too-long': 'the domain is longer than 255 octets, or a label longer than 63',
  'literal-syntax': 'the address literal is neither [IPv4] nor [IPv6:...]',
  'path-too-long': 'the path is longer than 32768 octets',
  'null-not-allowed': 'the null path <> is not allowed here',
  'non-ascii': 'the address is not ASCII, and internationalized addresses are not allowed here',
  'not-utf8': 'the address is not valid UTF-8',
} as const;

/** The reason why an address was refused. */
export type AddressFault = keyof typeof texts;

/** An address that was refused, with the reason. */
export interface InvalidAddress {
  readonly kind: 'invalid';
  readonly reason: AddressFault;
}

/** A sentence fragment for people, e.g. `there is no domain after the mailbox name`. */
export function describeAddressFault(reason: AddressFault): string {
  return texts[reason];
}
