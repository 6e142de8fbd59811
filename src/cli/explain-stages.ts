// `sluice explain --from --client`: which stages mail of a client would meet, in which order, and what each is configured with.

import {
  shownPoints,
  type ShownRewriting,
  type ShownStage,
  type StagesAnswer,
  type StagesQuestion,
} from '../control/operations/stages.ts';
import { age, table } from './text-table.ts';

/** @param question - what was asked */
export function stagesText(answer: StagesAnswer, { from, client, user }: StagesQuestion): string {
  const { listener, mayRelay, tenant, stages, rewritten } = answer;
  const rows: readonly (readonly [string, string])[] = [
    ['Listener', listener],
    [
      'Client',
      `${client === '' ? '(a program of this host)' : client}, which ${mayRelay ? 'may' : 'may not'} relay`,
    ],
    ['User', user ?? '(nobody has logged in)'],
    ['Sender', rewritingText(rewritten?.sender ?? { address: from, becomes: from })],
    ...(rewritten?.recipients ?? []).map((each) => ['Recipient', rewritingText(each)] as const),
    ['Tenant', tenant === '' ? '(no tenant)' : tenant],
  ];
  const head = rows.map(([name, value]) => `${name.padEnd(11)}  ${value}\n`).join('');
  const met = shownPoints.flatMap((point) => rowsAt(point, stages));
  const asked = table(['POINT', 'STAGE', 'TIME', 'ON FAILURE', 'CONFIGURED'], met);
  const unmet = stages.flatMap(({ name, unmet: why }) => (why === undefined ? [] : [[name, why]]));
  return `${head}\n${asked}${unmet.length === 0 ? '' : `\n${table(['NOT ASKED', 'SINCE'], unmet)}`}`;
}

function rewritingText({ address, becomes, fault }: ShownRewriting): string {
  if (fault !== undefined)
    return `<${address}>, of which nobody can tell now what it is rewritten to: ${fault}`;
  return becomes === address ? `<${address}>` : `<${address}>, rewritten to <${becomes}>`;
}

function rowsAt(point: ShownStage['points'][number], stages: readonly ShownStage[]): string[][] {
  return stages
    .filter((stage) => stage.unmet === undefined && stage.points.includes(point))
    .map((stage, index) => [
      index === 0 ? point : '',
      stage.name,
      age(stage.timeLimitMs),
      failureText(stage),
      [stage.configured, ...(stage.rests ? ['(it rests now, after failures)'] : [])].join(' ').trim(),
    ]);
}

function failureText({ onFailure, breaker }: ShownStage): string {
  if (breaker === undefined) return onFailure;
  return `${onFailure}, ${age(breaker.restMs)} rest after ${breaker.failures}`;
}
