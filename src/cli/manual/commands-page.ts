// The manual page sluice(8): every command with its options, from commander's tree, and every exit code.

import { exitCodes } from '../exit-codes.ts';
import { allCommands, type CommandDoc, type OptionDoc } from './command-doc.ts';
import { quoted, roff, sentences, title } from './roff.ts';

const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'The command was carried out.',
  failed: 'It was understood and could not be carried out.',
  usage: 'The command line is wrong.',
  dataError: 'What was read is damaged.',
  noUser: 'A user does not exist.',
  unavailable: 'Something that is needed is not available.',
  software: 'A mistake in Sluice.',
  osError: 'An error of the system.',
  ioError: 'Something could not be written.',
  tempFail: 'A temporary failure; try again.',
  noPermission: 'Rights are missing.',
  config: 'The configuration is wrong.',
  cancelled: 'The command was cancelled.',
};

/** @param date - of the page, Unix ms */
export function commandsPage(program: CommandDoc, version: string, date: number): string {
  const commands = allCommands(program).filter(
    ({ path, commands: inner }) => path !== '' && inner.length === 0,
  );
  const exits = Object.entries(exitCodes).map(
    ([name, code]) => `.TP\n.B ${code}\n${sentences(exitMeanings[name as keyof typeof exitCodes])}\n`,
  );
  return [
    title('SLUICE', '8', version, date),
    '.SH NAME\nsluice \\- mail transfer agent that never floods a destination\n',
    '.SH SYNOPSIS\n.B sluice\n.I command\n.RI [ option " .\\|.\\|.]"\n.RI [ argument " .\\|.\\|.]"\n',
    `.SH DESCRIPTION\n${sentences(program.description)}\nIt is started by\n.BR "sluice serve" ;\nthe other commands look at a running Sluice, change it, or work on its files.\nIts configuration is described in\n.BR sluice.toml (5).\n`,
    '.SH OPTIONS\nThese options are those of every command.\n',
    program.options.map(optionText).join(''),
    '.SH COMMANDS\n',
    commands.map(commandText).join(''),
    '.SH EXIT STATUS\nSome commands have codes of their own,\nwhich their pages of the documentation name.\n',
    exits.join(''),
    '.SH ENVIRONMENT\n.TP\n.B SLUICE_CONFIG\nThe configuration file, where\n.B \\-\\-config\nis not given.\n',
    '.SH FILES\n.TP\n.I /etc/sluice/sluice.toml\nThe configuration, where neither an option nor the environment names another,\nand there is no\n.I sluice.toml\nin the present folder.\n',
    '.SH SEE ALSO\n.BR sluice.toml (5)\n',
  ].join('');
}

function commandText({ path, usage, description, options }: CommandDoc): string {
  const sentence = `${description.charAt(0).toUpperCase()}${description.slice(1)}.`.replace(/\.\.$/, '.');
  // Every command has the options of the program, which stand at the beginning of the page.
  const own = options.filter(({ long }) => long !== '--help');
  return `.SS ${quoted(`sluice ${path} ${usage.replace(/^\[options\] ?/, own.length === 0 ? '' : '[options] ')}`.trim())}\n${sentences(sentence)}\n${own.map(optionText).join('')}`;
}

function optionText({ flags, description }: OptionDoc): string {
  return `.TP\n.B ${roff(flags)}\n${sentences(`${description.charAt(0).toUpperCase()}${description.slice(1)}.`.replace(/\.\.$/, '.'))}\n`;
}
