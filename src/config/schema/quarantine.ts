// The table [quarantine]: how long mail stays that was held when it was accepted.

import { duration, key, oneOf, tableOf } from './fields.ts';

export const quarantine = tableOf({
  max_age: key(
    duration(60_000).prefault('30d'),
    'A message that nobody has released for this long after it was accepted leaves the quarantine.',
  ),
  expired: key(
    oneOf(['delete', 'bounce']).default('delete'),
    'What becomes of it then. "delete": it is dropped, and the log says so; "bounce": its sender gets a report as well. Senders of spam are often forged, so reports may go to people who sent nothing.',
  ),
});
