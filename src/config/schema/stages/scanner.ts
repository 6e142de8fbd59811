// What [[stage]] tables of kinds that ask a scanner have in common.

import { formatServiceAddress, parseServiceAddress } from '../../../values/service-address.ts';
import { duration, key, oneOf, size, textOf, wholeNumber } from '../fields.ts';

/** @param examples - as texts: one of a port, and one in TOML */
export function scannerAddress(what: string, { port, example }: { port: number; example: string }) {
  return key(
    textOf(`an address such as "inet:${port}@127.0.0.1"`, (text) =>
      formatServiceAddress(parseServiceAddress(text, 'a scanner', port)),
    ),
    `Where ${what} listens: "inet:PORT@HOST", "inet:HOST:PORT" or "unix:/PATH".`,
    { example },
  );
}

/** @param connections - the default */
export function scannerLine(connections: number) {
  return {
    time_limit: key(
      duration(1000, 600_000).prefault('2m'),
      'How long it may take for one message, with the wait in line. Beyond that it has failed.',
    ),
    connections: key(
      wholeNumber(1, 100_000).default(connections),
      'The most messages that it has at the same time, for each process of receivers. Other sessions wait in line.',
    ),
    waiting: key(
      wholeNumber(0, 100_000).default(200),
      'The most sessions that wait in line. Further clients are asked to try again later (451), and so is who has waited for time_limit, whatever on_failure says.',
    ),
  };
}

/** @param most - the default; @param hint - what to set it to */
export function scannerSize(most: string, hint: string) {
  return {
    max_size: key(size(1024).prefault(most), `The largest message that it is given. ${hint}`),
    on_too_large: key(
      oneOf(['tempfail', 'continue', 'quarantine', 'reject']).optional(),
      'What becomes of a larger message: its client is asked to try again later (451); it goes on; it is held in quarantine; it is refused (550).',
      { defaultText: 'as on_failure ("disconnect" counts as "tempfail")', example: '"continue"' },
    ),
  };
}
