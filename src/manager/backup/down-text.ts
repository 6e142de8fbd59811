// What operators are told of primary servers that are down.

import { formatDuration } from '../../values/duration.ts';
import type { DownSite } from './primary-watch.ts';

/** That are named, of each kind. */
const mostNamed = 3;

/** @returns the text of the trouble, and what to do */
export function downTrouble(down: readonly DownSite[], nowMs: number): [text: string, advice: string] {
  const ours = down.filter(({ isOurs }) => isOurs);
  const silent = down.filter(({ isOurs }) => !isOurs);
  const texts: string[] = [];
  const advice: string[] = [];
  if (silent.length > 0) {
    texts.push(`Primary servers do not answer, and mail waits here for them: of ${namesOf(silent, nowMs)}.`);
    advice.push(
      'Where they do not answer, nothing has to be done here: the mail goes as soon as they do, see backup_probe in the [[route]].',
    );
  }
  if (ours.length > 0) {
    texts.push(
      `Primary servers answer with a name of this server, so mail would loop, and waits here: of ${namesOf(ours, nowMs)}.`,
    );
    advice.push(
      'Where they have our name, see which host answers at the address of the primary server: this one, by NAT or a firewall, or another one with the same name, which needs its own hostname or a [[quirk]] with own_name.',
    );
  }
  return [texts.join(' '), advice.join(' ')];
}

function namesOf(down: readonly DownSite[], nowMs: number): string {
  const named = down.slice(0, mostNamed).map(({ domain, sinceMs }) => {
    const minutes = Math.floor((nowMs - sinceMs) / 60_000);
    return `${domain} (for ${minutes === 0 ? 'less than a minute' : formatDuration(minutes * 60_000)})`;
  });
  return named.join(', ') + (down.length > mostNamed ? ` and ${down.length - mostNamed} more` : '');
}
