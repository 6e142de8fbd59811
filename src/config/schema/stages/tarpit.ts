// [[stage]] of kind "tarpit": answers that wait.

import { duration, key, wholeNumber } from '../fields.ts';
import { stageKind } from './stage-kind.ts';

export const tarpitStage = stageKind(
  'tarpit',
  'answers wait that go to clients with many recipients, or with recipients that are refused. It is asked before all other checks of recipients; clients that a rule names are left alone, unless the rule has TARPITCOUNT. docs/defences.md says more.',
  {
    after_recipients: key(
      wholeNumber(1, 100_000).optional(),
      'From the next recipient of a message on, each answer waits. TARPITCOUNT of a rule for clients takes its place.',
      { defaultText: 'any number', example: '50' },
    ),
    after_refused: key(
      wholeNumber(0, 100_000).optional(),
      'After so many refused recipients of a session, each further answer to MAIL, RCPT and DATA waits.',
      { defaultText: 'any number', example: '3' },
    ),
    delay: key(
      duration(1000, 120_000).prefault('5s'),
      'How long an answer waits. TARPITDELAY of a rule for clients takes its place.',
    ),
    delayed: key(
      wholeNumber(1, 100_000).default(1000),
      'The most sessions that wait at the same time, for each process of receivers. Beyond that, nobody waits.',
    ),
  },
  'strangers',
);
