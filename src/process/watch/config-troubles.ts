// Troubles of the configuration, for `sluice status`: this system carries less than the configuration asks for, it was
// refused at the last reload, or a part of it waits for a restart.

import type { Config } from '../../config/config.ts';
import type { Troubles } from '../../stats/troubles.ts';
import { capacityHere } from '../../settings/system-facts.ts';

/**
 * Sets the troubles of a configuration that came into force, and clears those of an earlier one.
 * @param afterRestart - keys that were changed and need a restart
 */
export function configInForce(config: Config, afterRestart: readonly string[], troubles: Troubles): void {
  troubles.clear('config');
  if (afterRestart.length === 0) troubles.clear('restart');
  else {
    const keys = afterRestart.join(', ');
    const text = `The configuration was changed, and a part of it is not in force: ${keys}.`;
    troubles.raise('restart', 'warning', text, 'Restart Sluice when it suits; no mail is lost by that.');
  }
  const shortages = new Map(capacityHere(config).shortages.map((each) => [each.code, each]));
  for (const code of ['CAPACITY_OPEN_FILES', 'CAPACITY_RECEIVER_FILES', 'CAPACITY_PORTS'] as const) {
    const shortage = shortages.get(code);
    if (shortage === undefined) troubles.clear(`capacity:${code}`);
    else {
      const { message, advice } = shortage;
      troubles.raise(`capacity:${code}`, 'warning', `${code}: ${message}.`, `${advice}.`);
    }
  }
}

/** Raises the trouble of a reload that was refused. */
export function configRefused(problem: string, troubles: Troubles): void {
  troubles.raise(
    'config',
    'warning',
    `The configuration was refused at the last reload, and the one from before is in force: ${problem}`,
    'Correct the file ("sluice check" shows every mistake), then run "sluice reload".',
  );
}
