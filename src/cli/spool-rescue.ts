// `sluice spool rescue`: reads what can be read of a damaged spool into a new one, and tells what cannot.

import type { Command } from 'commander';
import { nodeTimers } from '../io/timers.ts';
import { Pace } from '../spool/copies/pace.ts';
import { rescueSpool } from '../spool/copies/rescue.ts';
import { findingText } from '../spool/copies/rescue-report.ts';
import { nodeFiles } from '../spool/file-layer.ts';
import { configOption, readPlaces } from './config-file.ts';
import { exitCodes } from './exit-codes.ts';
import { cancelOnSignals, size } from './spool-backup.ts';
import { printText } from './terminal-text.ts';

interface RescueCommand {
  readonly config?: string;
  readonly from?: string;
  readonly also?: readonly string[];
  readonly held?: boolean;
  readonly rate: number;
  readonly json?: boolean;
}

export function register(spool: Command): void {
  spool
    .command('rescue <folder>')
    .description(
      'write what can still be read of a damaged spool to a new folder; the damaged one is only read',
    )
    .addOption(configOption())
    .option('--from <folder>', 'the damaged spool or backup (default: the spool of the configuration)')
    .option('--also <files...>', 'further files that may be segments, such as those in lost+found')
    .option('--held', 'hold all mail of the new spool, also if it is certain what was held')
    .option('--rate <size>', 'read at most this much a second (default: as fast as it goes)', size, 0)
    .option('--json', 'print JSON for programs')
    .action(rescue);
}

async function rescue(folder: string, options: RescueCommand): Promise<void> {
  const { also = [], config, from, held, json, rate } = options;
  let hasFindings = false;
  const result = await rescueSpool({
    files: nodeFiles,
    spool: from ?? readPlaces(config).spool,
    target: folder,
    also,
    isHeld: held === true,
    pace: new Pace({ timers: nodeTimers, bytesPerSecond: rate, signal: cancelOnSignals() }),
    report: (finding) => {
      hasFindings = true;
      if (json === true) process.stdout.write(`${JSON.stringify(finding)}\n`);
      else printText(`${findingText(finding)}\n`);
    },
  });
  const { damaged, isHeld, messages, recipients, uncertain } = result;
  if (json === true) process.stdout.write(`${JSON.stringify({ kind: 'result', ...result })}\n`);
  else {
    printText(
      [
        `${folder}/spool has ${messages} messages to ${recipients} recipients that are as they were written${isHeld ? '; all are held' : ''}.`,
        ...(damaged === 0
          ? []
          : [`${damaged} messages are damaged or lost: ${folder}/damaged has what can be read of them.`]),
        ...(uncertain === 0
          ? []
          : [
              `${uncertain} messages in ${folder}/uncertain are whole, but a sender may have forged them: look at each before you send it.`,
            ]),
        '',
      ].join('\n'),
    );
  }
  if (hasFindings || damaged + uncertain > 0) process.exitCode = exitCodes.dataError;
}
