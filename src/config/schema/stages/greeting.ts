// [[stage]] of kind "greeting": clients that speak before their greeting.

import { duration, key, oneOf, textOf, wholeNumber } from '../fields.ts';
import { markFieldName, greetingText } from '../texts.ts';
import { exceptions } from './defence-keys.ts';
import { stageKind } from './stage-kind.ts';

export const greetingStage = stageKind(
  'greeting',
  'clients have to wait for their greeting, and those that speak before it are refused. It is asked when a client connects, after its rule. docs/defences.md says more.',
  {
    delay: key(
      duration(0, 60_000).prefault('0s'),
      'How long clients wait that are not known. "0s": nobody waits, and only what has come together with the connection is too early.',
    ),
    teaser: key(
      textOf('a text', greetingText).optional(),
      'With a delay: sent at once as a first line of the greeting ("220-HOST TEXT"), for which clients fall that read one line alone.',
      { defaultText: 'none', example: '"please wait"' },
    ),
    early: key(
      oneOf(['mark', 'tempfail', 'reject', 'drop']).default('reject'),
      'What becomes of a client that speaks early: its messages get a field; 421; 554; the connection is closed without a reply.',
    ),
    remember: key(
      duration(0, 90 * 86_400_000).prefault('7d'),
      'For how long a client that has waited once need not wait again.',
    ),
    delayed: key(
      wholeNumber(1, 100_000).default(1000),
      'The most clients that wait at the same time, for each process of receivers. Beyond that, nobody waits.',
    ),
    field: key(
      textOf('the name of a field', markFieldName).prefault('X-Early-Talker'),
      'The field for "mark". Fields of this name that come in are taken out.',
    ),
    except_clients: exceptions.except_clients,
  },
  'unknown',
);
