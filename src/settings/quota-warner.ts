// From [bounce] to who tells users that their mailboxes are nearly full.

import type { Config } from '../config/config.ts';
import type { WarningSender } from '../deliver/mailbox/quota-warning.ts';
import { bounceSettings } from './settings.ts';

/** Made when it is first wanted. */
export function laterWarner(config: Config): () => WarningSender {
  let made: WarningSender | undefined;
  return () => {
    if (made !== undefined) return made;
    const { from, hostname, texts } = bounceSettings(config);
    made = { from, hostname, texts: texts.textsFor('', []) };
    return made;
  };
}
