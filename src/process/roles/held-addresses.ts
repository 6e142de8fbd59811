// Where the running Sluice listens: the addresses of its configuration, without those that its receivers report as not open.

import type { Config } from '../../config/config.ts';
import type { ReportedTrouble } from '../../stats/trouble-board.ts';
import { formatListenAddress } from '../../values/listen-address.ts';

/** @param troubles - of all processes */
export function heldAddresses(
  {
    listen,
    processes,
    controlSocket,
    submissionSocket,
  }: Pick<Config, 'listen' | 'processes' | 'controlSocket' | 'submissionSocket'>,
  troubles: readonly Pick<ReportedTrouble, 'key' | 'processes'>[],
): readonly string[] {
  const addresses = [controlSocket, submissionSocket].map((path) =>
    formatListenAddress({ kind: 'unix', path }),
  );
  for (const { address, protocol } of listen) {
    const name = formatListenAddress(address);
    let failed = 0;
    for (const { key, processes: reporters } of troubles)
      if (key === `listener:${protocol} ${name}`) failed += reporters.length;
    // Receivers share a port. A socket is opened by the first of them.
    const openers = address.kind === 'unix' || processes.singleProcess ? 1 : processes.receivers;
    if (failed < openers) addresses.push(name);
  }
  return addresses;
}
