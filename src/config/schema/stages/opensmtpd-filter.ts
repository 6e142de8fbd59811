// [[stage]] of kind "opensmtpd-filter": a program that is a filter of OpenSMTPD.

import { z } from 'zod';

import { filterVersions } from '../../../values/filter-versions.ts';
import { duration, expected, key, listOf, oneOf, wholeNumber, yesNo } from '../fields.ts';
import { environmentKey } from './environment.ts';
import { markedMail } from './marked.ts';
import { stageKind } from './stage-kind.ts';

export const opensmtpdFilterStage = stageKind(
  'opensmtpd-filter',
  'a filter of OpenSMTPD, which is a program that runs all the time and speaks on its standard input and output, such as filter-rspamd or filter-dkimsign. It is asked after the relay check, [[recipients]] and the verification of authors. docs/opensmtpd-filters.md says more.',
  {
    command: key(
      listOf(
        z.string({ error: expected('a word of a command') }).min(1, 'must not be empty'),
        'the words of a command',
      ).min(1, 'must name a program'),
      'The program and its arguments, without a shell. It runs as the user of receivers, once in each process of receivers.',
      { example: '["/usr/libexec/opensmtpd/filter-rspamd"]' },
    ),
    protocol: key(
      oneOf(filterVersions).default('0.7'),
      'The version of the protocol in which it is spoken to. Filters that were made for older versions of OpenSMTPD may need "0.6".',
    ),
    content_timeout: key(
      duration(1000, 3_600_000).prefault('5m'),
      'In place of time_limit for a whole message: from its first line to the last that the filter sends back, and its answer to that.',
    ),
    connections: key(
      wholeNumber(1, 100_000).default(500),
      'The most sessions that it is asked about at the same time, for each process of receivers. Other sessions wait in line.',
    ),
    waiting: key(
      wholeNumber(0, 100_000).default(500),
      'The most sessions that wait in line; any further one is asked to try again later (451).',
    ),
    environment: environmentKey('its program', '{ LD_LIBRARY_PATH = "/opt/filters/lib" }'),
    client_names: key(
      yesNo().default(true),
      'Look up the name of a client before the filter is told of it. Without it, a client has no name.',
    ),
    on_junk: markedMail('continue', 'that the filter calls junk'),
  },
);
