// The command line as commander reads it, but for two things. An option is never taken for the value of the one before:
// `queue list --domain -c FILE` would look for "-c", and read another configuration than the one that was named. And whoever
// writes an option of an earlier version is told its name of today.

import { Command, type Option } from 'commander';

/** Options of earlier versions, and what they are called now. */
const formerOptions: ReadonlyMap<string, string> = new Map([['--queue', '--tenant']]);

export class CommandLine extends Command {
  override createCommand(name?: string): CommandLine {
    return new CommandLine(name);
  }

  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    this.#refuseOptionsAsValues(args);
    this.#refuseFormerOptions(args);
    return super.parseOptions(args);
  }

  #refuseOptionsAsValues(args: readonly string[]): void {
    for (const [index, arg] of args.entries()) {
      if (arg === '--') return;
      const option = this.options.find(({ long, short }) => arg === long || arg === short);
      const next = args[index + 1];
      if (option === undefined || !option.required || next === undefined || !looksLikeOption(next)) continue;
      this.error(missingValue(option, next), { code: 'commander.optionMissingArgument' });
    }
  }

  #refuseFormerOptions(args: readonly string[]): void {
    for (const arg of args) {
      if (arg === '--') return;
      const [name = ''] = arg.split('=', 1);
      const now = formerOptions.get(name);
      // Only in commands that have the option of today.
      const option = this.options.find(({ long }) => now !== undefined && long === now);
      if (option === undefined) continue;
      this.error(`error: option '${name}' is called ${now} now: write ${option.flags}`, {
        code: 'commander.unknownOption',
      });
    }
  }
}

/** "-" alone is standard input. */
function looksLikeOption(text: string): boolean {
  return text.length > 1 && text.startsWith('-');
}

function missingValue({ flags, long, short }: Option, next: string): string {
  const meant = `${long ?? short}=${next}`;
  return `error: option '${flags}' argument missing before '${next}' (if '${next}' is its value, write ${meant})`;
}
