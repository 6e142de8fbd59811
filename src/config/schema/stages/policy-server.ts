// [[stage]] of kind "policy-server": a server that speaks Postfix's policy delegation protocol.

import { z } from 'zod';

import { policyPoints } from '../../../values/policy-points.ts';
import { formatServiceAddress, parseServiceAddress } from '../../../values/service-address.ts';
import { ValueError } from '../../../values/value-error.ts';
import { duration, expected, key, listOf, textOf, wholeNumber, yesNo } from '../fields.ts';
import { queueKey } from './queue-key.ts';
import { stageKind } from './stage-kind.ts';

/** An attribute ends with its line. @throws {ValueError} when it would end amid the text */
function oneLine(text: string): string {
  if (/[\x00-\x1f\x7f]/u.test(text)) throw new ValueError('must be one line without control characters');
  return text;
}

export const policyServerStage = stageKind(
  'policy-server',
  "a policy server of Postfix's check_policy_service, such as postgrey or policyd-spf. It is asked after the relay check, [[recipients]] and the verification of authors. docs/policy-delegation.md says more.",
  {
    ...queueKey,
    address: key(
      textOf('an address such as "inet:127.0.0.1:10023"', (text) =>
        formatServiceAddress(parseServiceAddress(text, 'a policy server', 10_023)),
      ),
      'Where the policy server listens: "inet:HOST:PORT", "inet:PORT@HOST" or "unix:/PATH".',
      { example: '"inet:10023@127.0.0.1"' },
    ),
    ask_at: key(
      listOf(
        z.enum(policyPoints, { error: expected(`one of ${policyPoints.join(', ')}`) }),
        `points: ${policyPoints.map((point) => `"${point}"`).join(', ')}`,
      )
        .min(1, 'must name one point at least')
        .refine((points) => new Set(points).size === points.length, 'names a point twice')
        .default(['rcpt']),
      'At which commands of a client it is asked. "rcpt" is what smtpd_recipient_restrictions of Postfix is, "data" smtpd_data_restrictions, "end-of-data" smtpd_end_of_data_restrictions.',
    ),
    context: key(
      textOf('a text of one line', oneLine).default(''),
      'The attribute policy_context, by which a server knows what it is asked for.',
      { example: '"submission"' },
    ),
    connections: key(
      wholeNumber(1, 10_000).default(50),
      'The most connections to it, for each process of receivers. One question at a time is asked on each; a server that spawn(8) or tcpserver starts is a process for each.',
    ),
    waiting: key(
      wholeNumber(0, 100_000).default(500),
      'The most sessions that wait in line for a connection; any further one is asked to try again later (451).',
    ),
    keep_idle: key(
      duration(1000, 86_400_000).prefault('5m'),
      'How long a connection that nobody uses is kept open.',
    ),
    keep_open: key(
      duration(1000, 86_400_000).prefault('1000s'),
      'How long a connection is used at all. Then the next question opens a new one.',
    ),
    client_names: key(
      yesNo().default(true),
      'Look up the name of a client before the server is asked. Without it, client_name is "unknown".',
    ),
  },
);
