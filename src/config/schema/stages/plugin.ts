// [[stage]] of kind "plugin": a plugin in TypeScript or JavaScript.

import { z } from 'zod';

import { expected, key, listOf, size, wholeNumber, yesNo } from '../fields.ts';
import { queueKey } from './queue-key.ts';
import { stageKind } from './stage-kind.ts';

export const pluginStage = stageKind(
  'plugin',
  'a plugin in TypeScript or JavaScript, which runs in a thread of its own. It is asked after the relay check, [[recipients]] and the verification of authors; plugins and milters are asked in the order of the file. docs/plugins.md says how to write one.',
  {
    ...queueKey,
    file: key(
      z.string({ error: expected('the name of a file') }).min(1, 'must not be empty'),
      'The file of the plugin. It is loaded anew when it changes, or a file that it imports; if the new version cannot be used, the one before stays in force. A relative path starts at the folder of the configuration file.',
      { example: '"/etc/sluice/plugins/greylisting.ts"' },
    ),
    options: key(
      // Not a table of Sluice's: its keys are the plugin's, and stay as they are written.
      z
        .record(z.string(), z.unknown(), { error: expected('a table such as { domains = ["example.com"] }') })
        .transform((options): ReadonlyMap<string, unknown> => new Map(Object.entries(options)))
        .optional(),
      'Options of the plugin, which it names itself.',
      { defaultText: 'none', example: '{ domains = ["example.com"] }' },
    ),
    delivery: key(
      listOf(
        z.enum(['route', 'attempt'], { error: expected('"route" or "attempt"') }),
        'points: "route", "attempt"',
      ).default([]),
      'What it is asked about mail that goes out. "route": which way a recipient goes; mail waits for its answer, and waits until its next attempt where it fails. "attempt": it is told what became of each attempt. The manager asks it, in a thread of its own there. docs/routing.md says more.',
      { defaultText: 'nothing', example: '["route"]' },
    ),
    incoming: key(
      yesNo().optional(),
      'Whether it is asked about mail that comes in. A plugin that is not, and cannot be used, does not stop incoming mail.',
      { defaultText: 'true, and false where delivery is given', example: 'true' },
    ),
    local_mail: key(
      yesNo().default(false),
      'Ask it about mail of programs of this host (sluice sendmail), too. The address of their client is empty.',
    ),
    questions: key(
      wholeNumber(1, 100_000).default(200),
      'The most questions that it has to answer at the same time, for each process of receivers. Other sessions wait in line.',
    ),
    waiting: key(
      wholeNumber(0, 100_000).default(1000),
      'The most questions that wait in line; for any further one it has failed.',
    ),
    memory: key(
      size(16 * 1024 ** 2, 16 * 1024 ** 3).prefault('128MiB'),
      'The most memory that it may take, for each process of receivers: its heap, and what it has beside that. When it takes more, its thread is ended and started again.',
    ),
  },
);
