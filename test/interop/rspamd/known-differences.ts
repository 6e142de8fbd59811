// Where rspamd 3.4 is known to say something else than Sluice, with the reason. What stands here and is no longer so is a fault of the test.

import type { Method } from './case.ts';

export interface KnownDifference {
  readonly messages: RegExp;
  readonly method: Method;
  /** What the standard says, or what rspamd does on purpose. */
  readonly why: string;
}

const dkim = (messages: RegExp, why: string): KnownDifference => ({ messages, method: 'dkim', why });
const spf = (messages: RegExp, why: string): KnownDifference => ({ messages, method: 'spf', why });
const dmarc = (messages: RegExp, why: string): KnownDifference => ({ messages, method: 'dmarc', why });
const arc = (messages: RegExp, why: string): KnownDifference => ({ messages, method: 'arc', why });

export const knownDifferences: readonly KnownDifference[] = [
  dkim(
    /, fields twice$/,
    'rspamd fails every signature over a field that may be there once and is there twice. The signature itself is valid (RFC 6376 5.4.2).',
  ),
  dkim(/: x= is over$/, 'rspamd gives no result for a signature that has expired; here it fails.'),
  dkim(
    /: (?:x= is before t=|t= is no number|h= has no From|h= is (?:empty|missing)|v= is missing|v=2|bh= is .*|[ads]= is missing|a=rsa-sha1|a=rsa-sha512|c= is unknown|no tags at all|an empty field)$/,
    'rspamd gives no result for a signature that it cannot read (RFC 6376 6.1.1: PERMFAIL).',
  ),
  dkim(/: b= is /, 'A signature without a value cannot be read (RFC 6376 6.1.1); rspamd lets it fail.'),
  dkim(/: a tag twice$/, 'RFC 6376 3.2: such a list is not valid, whatever it signs; rspamd lets it fail.'),
  dkim(
    /: i= is (?:another domain|above the domain)$/,
    'RFC 6376 6.1.1: the domain of i= has to be that of d= or below.',
  ),
  dkim(
    /: a= is the algorithm of another key$/,
    'RFC 6376 3.6.1: the key is of the type that a= says; rspamd looks at the key alone.',
  ),
  dkim(/: q=other$/, 'RFC 6376 3.5: how such a key is found is not known; rspamd asks the DNS all the same.'),
  dkim(
    /: l= covers a part$/,
    'RFC 6376 8.2: what l= leaves out may have been added by anybody, so it proves nothing here.',
  ),
  dkim(/: l= is longer than the body$/, 'RFC 6376 3.5: l= must not be larger than the body.'),
  dkim(/: key version-/, 'RFC 6376 3.6.1: v= comes first in a key record, and is DKIM1.'),
  dkim(/: key sha1-only$/, 'RFC 6376 3.6.1: the key is for other hash algorithms.'),
  dkim(/: key for-other$/, 'RFC 6376 3.6.1: the key is for another service than mail.'),
  dkim(/: key unknown-kind$/, 'RFC 6376 3.6.1: a record with an unknown type of key is ignored.'),
  dkim(/: key tiny$/, 'RFC 8301 3.2: keys of less than 1,024 bits are not taken.'),
  dkim(
    /: twenty signatures$/,
    'Here the first ten are looked at, and the others are an error; rspamd leaves out the others.',
  ),
  dkim(/: a strict key and a domain below$/, 'RFC 6376 3.6.1: t=s allows i= of the same domain alone.'),

  spf(/plus-all$/, 'rspamd takes +all for an error, since it allows everybody. RFC 7208 allows it.'),
  spf(
    /only-version$/,
    'RFC 7208 4.7: nothing has matched, so the result is neutral; rspamd wants a mechanism.',
  ),
  spf(
    /include-(?:nothing|gone|broken)$/,
    'RFC 7208 5.2: an included domain without a valid record is a permanent error; rspamd goes on.',
  ),
  spf(
    /not-included$/,
    'RFC 7208 5.2: the qualifier of an include that matches is the result; rspamd ignores it.',
  ),
  spf(/exists-macro$/, 'RFC 7208 7.3: %{d2} is the last two labels; rspamd takes all of them.'),
  spf(
    / (?:unknown|unknown-after|bad-ip4|bad-mask|bad-macro|empty-include|two-redirects)$/,
    'RFC 7208 4.6: an error anywhere in the record is a permanent error; rspamd skips the term.',
  ),
  spf(/two-records$/, 'RFC 7208 4.5: several records are a permanent error; rspamd takes the first.'),
  spf(/like-version$/, 'RFC 7208 4.5: v=spf10 is another version.'),
  spf(
    / (?:eleven-lookups|many-includes|loop|three-voids)$/,
    'RFC 7208 4.6.4: more than 10 look-ups, or 2 that find nothing, are a permanent error; rspamd has other limits.',
  ),

  dmarc(
    /two\.test, /,
    'RFC 9989 4.10: with several records there is no policy; rspamd calls it a bad one, and neither refuses the message.',
  ),
  dmarc(
    /bad-policy\.test, /,
    'RFC 9989 4.7: without a valid p= and without rua= there is no policy; rspamd calls it a bad one.',
  ),
  dmarc(
    /bad-tag\.test, /,
    'RFC 9989 4.7: a tag with an unknown value has its default; rspamd drops the record.',
  ),
  dmarc(/: a group$/, 'The address in the group is looked at here; rspamd sees none.'),
  dmarc(
    /: (?:no From|an empty From|From without a domain|From is no address)$/,
    'A From that tells no author is a permanent error here, which a policy can refuse.',
  ),
  dmarc(
    /: (?:two authors.*|authors of two domains|two From fields)$|, a second From on top$/,
    'Every author is looked at here, and the strictest policy counts; rspamd looks at none.',
  ),

  arc(
    /: a key that cannot be looked up$/,
    'It may be found later, so the chain is left open; rspamd rejects it.',
  ),
  arc(/: a seal with h=$/, 'RFC 8617 4.1.3: a seal with h= fails the chain; rspamd gives no result.'),
  arc(/: a signature that covers the seals$/, 'RFC 8617 4.1.2: ARC-Seal must not be signed by it.'),
  arc(/: the seal alone$/, 'RFC 8617 5.2 step 3: a set without its other fields fails the chain.'),
];
