// The recipient as the sender wrote it, as far as that is known.

import type { EnvelopeRecipient } from '../../message/envelope.ts';

/** ORCPT of the type rfc822 (RFC 3461 4.2), without line breaks; else the recipient. */
export function originalAddress({ address, originalRecipient }: EnvelopeRecipient): string {
  const [, given] = /^rfc822;\s*([^\0-\x1f\x7f]{1,1000})$/i.exec(originalRecipient ?? '') ?? [];
  return given ?? address;
}
