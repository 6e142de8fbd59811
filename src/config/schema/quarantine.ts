// The table [quarantine]: how long mail stays that was held when it was accepted, and how much of it there may be.

import { duration, key, oneOf, size, tableOf, wholeNumber } from './fields.ts';

/** How much may be in quarantine, in all or of a tenant. */
export const quarantineMessages = wholeNumber(1, 1_000_000_000);
export const quarantineSize = size(1);

export const quarantine = tableOf({
  max_messages: key(
    quarantineMessages.optional(),
    'The most messages in quarantine. A message that would be held beyond that is answered 451, so that it comes again.',
    { defaultText: 'no limit', example: '10000' },
  ),
  max_size: key(
    quarantineSize.optional(),
    'The size of all messages in quarantine together, at most. A message that would be held beyond that is answered 451.',
    { defaultText: 'no limit', example: '"1GiB"' },
  ),
  max_age: key(
    duration(60_000).prefault('30d'),
    'A message that nobody has released for this long after it was accepted leaves the quarantine.',
  ),
  expired: key(
    oneOf(['delete', 'bounce']).default('delete'),
    'What becomes of it then. "delete": it is dropped, and the log says so; "bounce": its sender gets a report as well. Senders of spam are often forged, so reports may go to people who sent nothing.',
  ),
});
