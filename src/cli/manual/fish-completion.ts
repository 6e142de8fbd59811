// The completion for fish: a line for each command and each option, valid where the words so far lead to their command.

import { allCommands, type CommandDoc, type OptionDoc } from './command-doc.ts';
import { isFile } from './completion-parts.ts';

export function fishCompletion(program: CommandDoc): string {
  const all = allCommands(program);
  const paths = all.map(({ path }) => path).filter((path) => path !== '');
  return `# fish completion for sluice, made by "sluice completion fish".
# Load it with: sluice completion fish | source
function __sluice_at --description 'whether the words so far lead to this command of sluice'
  set -l at
  for word in (commandline -opc)[2..-1]
    set -l next (string join ' ' -- $at $word)
    contains -- "$next" ${paths.map(fishQuoted).join(' ')}; and set at "$next"
  end
  test "$at" = "$argv[1]"
end
complete -c sluice -f
${all.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, options, arguments: args, commands }: CommandDoc): string[] {
  const where = `complete -c sluice -n ${fishQuoted(`__sluice_at ${fishQuoted(path)}`)}`;
  return [
    ...commands.map(({ name, description }) => `${where} -a ${name} -d ${fishQuoted(description)}`),
    ...args.flatMap(({ choices }) => choices.map((choice) => `${where} -a ${choice}`)),
    ...(args.some(({ name }) => isFile(name)) ? [`${where} -F`] : []),
    ...options.map((option) => `${where} ${flagsOf(option)} -d ${fishQuoted(option.description)}`),
  ];
}

function flagsOf({ short, long, value, choices }: OptionDoc): string {
  return [
    short === undefined ? '' : `-s ${short.replace(/^-/, '')}`,
    long === undefined ? '' : `-l ${long.replace(/^--/, '')}`,
    value === undefined
      ? ''
      : choices.length > 0
        ? `-x -a ${fishQuoted(choices.join(' '))}`
        : isFile(value)
          ? '-r -F'
          : '-x',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
