// `sluice completion`: prints what a shell needs to complete the commands and options of this version.

import { Argument, type Command } from 'commander';
import { bashCompletion } from './manual/bash-completion.ts';
import { describeCommand } from './manual/command-doc.ts';
import { fishCompletion } from './manual/fish-completion.ts';
import { zshCompletion } from './manual/zsh-completion.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function register(program: Command, whole: () => Promise<Command>): void {
  program
    .command('completion')
    .description('print the completion of commands and options for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .action(async (shell: keyof typeof shells) => {
      process.stdout.write(shells[shell](describeCommand(await whole())));
    });
}
