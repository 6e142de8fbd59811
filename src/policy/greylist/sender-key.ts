// The form of a sender by which greylisting remembers it. Many programs make up a new sender for each message or each attempt (VERP, BATV, SRS): what
// changes is left out, or such mail would wait each time.

import { tableKey } from '../../table/table-key.ts';

/** RFC 5321 4.5.3.1: longer ones are those of somebody who fills tables. */
const longest = 320;

/** @param reversePath - without brackets; empty for the null sender */
export function senderKey(reversePath: string): string {
  const at = reversePath.lastIndexOf('@');
  if (at === -1) return '';
  const key = tableKey(reversePath);
  const end = key.lastIndexOf('@');
  const localPart = stableLocalPart(key.slice(0, Math.min(end, longest)));
  return `${localPart}${key.slice(end)}`.slice(0, longest);
}

function stableLocalPart(localPart: string): string {
  // BATV: prvs=KDDDSSSSSS=user.
  const untagged = localPart.replace(/^(?:prvs|btv1)=+[0-9a-z]+=+/u, '');
  // SRS: the hash and the day change, the domain and user that follow do not.
  const unsigned = untagged
    .replace(/^srs0[=+-][^=]*=[a-z2-7]{2}=/u, 'srs=')
    .replace(/^srs1[=+-][^=]*=([^=]*)=[=+-][^=]*=[a-z2-7]{2}=/u, 'srs=$1=');
  const plus = unsigned.indexOf('+');
  const base = plus > 0 && !unsigned.startsWith('srs') ? unsigned.slice(0, plus) : unsigned;
  return (
    base
      .replace(/^((?:bounces?|bo|returns?|notice-reply|notice-return|errors?)[._=-]).+$/u, '$1#')
      // Numbers of lists and messages, in decimal and hexadecimal form.
      .replaceAll(/[0-9a-f]{8,}/gu, (run) => (/[0-9]/u.test(run) ? '#' : run))
      .replaceAll(/[0-9]+/gu, '#')
  );
}
