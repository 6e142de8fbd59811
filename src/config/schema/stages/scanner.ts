// What [[stage]] tables of kinds that ask a scanner have in common.

import { formatServiceAddress, parseServiceAddress } from '../../../values/service-address.ts';
import { duration, key, textOf, wholeNumber } from '../fields.ts';

/** @param example - in TOML */
export function scannerAddress(what: string, example: string) {
  return key(
    textOf('an address such as "inet:3310@127.0.0.1"', (text) =>
      formatServiceAddress(parseServiceAddress(text, 'a scanner')),
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
