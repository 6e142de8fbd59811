// Warns of stages, taps and assignments that can never do what they are for: they wait for results of a verification that is off, or have no domains.

import { defaultQueue } from '../../values/queue-name.ts';
import { parseResultCondition, type ResultCondition } from '../../values/result-condition.ts';
import type { Config } from '../config.ts';
import type { ConfigWarning } from '../read/config-warning.ts';

type Path = ConfigWarning['path'];

export function stageWarnings(config: Config): ConfigWarning[] {
  const { receive, listen, stage } = config;
  const hasRelayDomains = [receive, ...listen.map((each) => each.receive)].some(
    ({ relayDomains = [] }) => relayDomains.length > 0,
  );
  const unprotecting = stage.flatMap((each, index): ConfigWarning[] =>
    each.kind !== 'own-domains' || each.domains !== undefined || hasRelayDomains
      ? []
      : [
          {
            path: ['stage', index],
            message: `${each.name} protects no domain, since relay_domains is empty: name your domains in domains`,
          },
        ],
  );
  return [...unprotecting, ...neverInQueue(config), ...(isNothingVerified(config) ? neverKnown(config) : [])];
}

/** Is [verification] off, for all mail? */
export function isNothingVerified({
  verification,
  verificationRule,
}: Pick<Config, 'verification' | 'verificationRule'>): boolean {
  return [verification, ...verificationRule].every(({ mode }) => mode === undefined || mode === 'off');
}

/** Stages of queues that get mail only by what is known when stages have been asked. Where there are records of domains, these may name the queue. */
function neverInQueue({ stage, assignment, provisioning, diversion }: Config): ConfigWarning[] {
  if (provisioning.table !== undefined) return [];
  const known = new Set([
    defaultQueue,
    ...diversion.map(({ queue }) => queue),
    ...assignment
      .filter(({ results, header, reports }) => (results ?? header ?? reports) === undefined)
      .map(({ queue }) => queue),
  ]);
  return stage.flatMap((each, index) => {
    const named = 'queue' in each ? (each.queue ?? []) : [];
    return named.flatMap((name, at) =>
      known.has(name)
        ? []
        : [
            {
              path: ['stage', index, 'queue', at],
              message: `at RCPT, no [[assignment]] chooses the queue ${name}, and later ones by results, header or reports come too late for a stage: ${each.name} is asked only for mail that is diverted there`,
            },
          ],
    );
  });
}

function neverKnown({ stage, tap, assignment }: Config): ConfigWarning[] {
  return [
    ...stage.flatMap((each, index) => [
      ...('exceptResults' in each ? warningsOf(['stage', index, 'except_results'], each.exceptResults) : []),
      ...('authorExceptResults' in each
        ? warningsOf(['stage', index, 'author_except_results'], each.authorExceptResults)
        : []),
    ]),
    ...tap.flatMap(({ results = [] }, index) =>
      warningsOf(['tap', index, 'results'], results.map(parseResultCondition)),
    ),
    ...assignment.flatMap(({ results = [] }, index) =>
      warningsOf(['assignment', index, 'results'], results.map(parseResultCondition)),
    ),
  ];
}

function warningsOf(path: Path, conditions: readonly ResultCondition[]): ConfigWarning[] {
  return conditions.flatMap(({ stage }, at) =>
    stage === 'verification'
      ? [
          {
            path: [...path, at],
            message: 'never holds, since no mail is verified: set mode in [verification] to "test" or "on"',
          },
        ]
      : [],
  );
}
