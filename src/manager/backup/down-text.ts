// What operators are told of primary servers that are down.

import { formatDuration } from '../../values/duration.ts';
import type { DownSite } from './primary-watch.ts';

/** That are named. */
const mostNamed = 3;

/** @returns the text of the trouble, and what to do */
export function downTrouble(down: readonly DownSite[], nowMs: number): [text: string, advice: string] {
  const named = down.slice(0, mostNamed).map(({ domain, sinceMs }) => {
    const minutes = Math.max(1, Math.round((nowMs - sinceMs) / 60_000));
    return `${domain} (for ${formatDuration(minutes * 60_000)})`;
  });
  const more = down.length > mostNamed ? ` and ${down.length - mostNamed} more` : '';
  return [
    `Primary servers do not answer, and mail waits here for them: of ${named.join(', ')}${more}.`,
    'Nothing has to be done here: the mail goes as soon as they answer, see backup_probe in the [[route]].',
  ];
}
