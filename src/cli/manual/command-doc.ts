// The commands as data, read from commander's own tree: what the manual pages and the completions of shells are made of.

import type { Argument, Command, Option } from 'commander';

export interface OptionDoc {
  /** As in the help: `-c, --config <file>`. */
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string | undefined;
  readonly description: string;
  /** Name of its value, such as `file`; undefined when it has none. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
}

export interface ArgumentDoc {
  readonly name: string;
  readonly choices: readonly string[];
}

export interface CommandDoc {
  /** Without the program: `queue list`; empty for the program itself. */
  readonly path: string;
  readonly name: string;
  /** What follows the name on the command line: `[options] [ids...]`. */
  readonly usage: string;
  readonly description: string;
  readonly options: readonly OptionDoc[];
  readonly arguments: readonly ArgumentDoc[];
  readonly commands: readonly CommandDoc[];
}

/** Describes a command and all commands below it. */
export function describeCommand(command: Command, parents: readonly string[] = []): CommandDoc {
  const isProgram = command.parent === null;
  const names = isProgram ? [] : [...parents, command.name()];
  const help = command.createHelp();
  return {
    path: names.join(' '),
    name: command.name(),
    usage: command.usage(),
    description: command.description(),
    options: help.visibleOptions(command).map(describeOption),
    arguments: command.registeredArguments.map(describeArgument),
    commands: command.commands
      .filter((each) => each.name() !== 'help')
      .map((each) => describeCommand(each, names)),
  };
}

/** The command and all below it, in the order of the help. */
export function allCommands(command: CommandDoc): readonly CommandDoc[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function describeOption({ flags, short, long, description, argChoices, ...option }: Option): OptionDoc {
  const value = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1]?.replace('...', '');
  const fallback =
    option.defaultValue === undefined ||
    option.defaultValue === false ||
    option.defaultValueDescription === ''
      ? ''
      : ` (default: ${option.defaultValueDescription ?? String(option.defaultValue)})`;
  const choices = argChoices ?? [];
  const of = choices.length === 0 ? '' : ` (one of: ${choices.join(', ')})`;
  return { flags, short, long, description: `${description}${of}${fallback}`, value, choices };
}

function describeArgument(argument: Argument): ArgumentDoc {
  return { name: argument.name(), choices: argument.argChoices ?? [] };
}
