// What `sluice policy try` has found, for people: what the client and the server said, which stages were asked meanwhile, and what would happen.

import type { StageRun, TrialOutcome, TrialReport, TrialStep } from '../receive/trial/trial-types.ts';
import { replaceUnprintableRuns } from '../values/unprintable.ts';
import { bytes, table } from './text-table.ts';

/** @param by - whose stages were asked, as a sentence */
export function trialText(report: TrialReport, by: string): string {
  const { listener, steps, outcome, refusedRecipients } = report;
  const refused = refusedRecipients.map(
    ({ address, reply, stage }) => `Refused      <${address}>: ${oneLine(reply)}${ofStage(stage)}\n`,
  );
  return [
    `${by} Listener: ${listener}.\n\n`,
    ...steps.map((step) => stepText(step)),
    '\n',
    ...refused,
    outcomeText(outcome),
  ].join('');
}

function stepText({ command, reply, stages }: TrialStep): string {
  const last = reply.at(-1) ?? '(closed without a reply)';
  const answer = command.startsWith('EHLO') || command.startsWith('LHLO') ? reply.slice(0, 1) : [last];
  return `${command}\n${stages.map((run) => runText(run)).join('')}  -> ${answer.join('\n     ')}\n`;
}

function runText({ stage, point, ms, verdict, text, edits, result, failure }: StageRun): string {
  const words = [verdict, oneLine(text ?? '')].filter((part) => part !== '').join(': ');
  const head = `  ${point.padEnd(8)} ${stage.padEnd(16)} ${timeText(ms).padStart(9)}  `;
  const more = [
    ...(failure === undefined ? [] : [`failed: ${failure}`]),
    ...edits,
    ...(result === undefined || pairs(result) === '' ? [] : [`result: ${pairs(result)}`]),
  ];
  return `${head}${words}\n${more.map((line) => `${' '.repeat(38)}${oneLine(line)}\n`).join('')}`;
}

/** What a stage says may have any characters; here, it must not make a row of its own. */
function oneLine(text: string): string {
  return replaceUnprintableRuns(text, ' ');
}

function timeText(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`;
}

function pairs(result: Readonly<Record<string, string>>): string {
  return Object.entries(result)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function ofStage(stage: string): string {
  return stage === '' ? '' : ` (${stage})`;
}

function outcomeText(outcome: TrialOutcome): string {
  switch (outcome.kind) {
    case 'discarded':
      return `Outcome      answered 250 and dropped${ofStage(outcome.stage)}: ${outcome.reason}\n`;
    case 'refused':
      return `Outcome      refused at ${outcome.command}${ofStage(outcome.stage)}: ${outcome.reply === '' ? '(closed without a reply)' : oneLine(outcome.reply)}\n`;
    case 'accepted': {
      const { from, to, tenant, priority, quarantine, turnAt, sizeBytes, header } = outcome;
      const rows: string[][] = to.map(({ address, isCopy }) => [
        `<${address}>`,
        isCopy ? 'a copy for an archive' : '',
      ]);
      return [
        `Outcome      accepted${quarantine === undefined ? '' : ', and held in quarantine'}\n`,
        ...(quarantine === undefined ? [] : [`Quarantine   ${quarantine}\n`]),
        `Tenant       ${tenant === '' ? '(no tenant)' : tenant}\n`,
        ...(priority === undefined ? [] : [`Priority     ${priority}\n`]),
        ...(turnAt === undefined
          ? []
          : [`Turn         waits for a sending limit until ${new Date(turnAt).toISOString()}\n`]),
        `Size         ${bytes(sizeBytes)}\n`,
        `Sender       <${from}>\n\n`,
        table(['RECIPIENT', ''], rows),
        '\nThe header as it would leave:\n\n',
        header.replaceAll('\r\n', '\n').replaceAll('\t', '        '),
      ].join('');
    }
  }
}
