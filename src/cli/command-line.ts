// Commander's command line with two differences. An option is never taken as the value of the option before it: with
// `queue list --domain -c FILE`, commander would look for the domain "-c", and would read the default configuration. And an
// option of an earlier version is refused with its present name.

import { Command, type Option } from 'commander';

/** Options of earlier versions, with their present names. */
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
      const present = formerOptions.get(name);
      // Only in commands that have the present option, and have not given the name another meaning.
      const option = this.options.find(({ long }) => present !== undefined && long === present);
      if (option === undefined || this.options.some(({ long }) => long === name)) continue;
      this.error(`error: option '${name}' is called ${present} now: write ${option.flags}`, {
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
