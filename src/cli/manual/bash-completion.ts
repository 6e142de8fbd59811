// The completion for bash: one function, which finds the command among the words and offers what may follow.

import { allCommands, type CommandDoc } from './command-doc.ts';
import { isFile, namesOf, shellQuoted } from './completion-parts.ts';

export function bashCompletion(program: CommandDoc): string {
  const all = allCommands(program);
  const steps = all
    .filter(({ path }) => path !== '')
    .map(
      ({ path, name }) =>
        `${shellQuoted(`${path.slice(0, -name.length).trim()}|${name}`)}) at=${shellQuoted(path)} ;;`,
    );
  return `# bash completion for sluice, made by "sluice completion bash".
# Load it with: source <(sluice completion bash)
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at|\${COMP_WORDS[i]}" in
      ${steps.join('\n      ')}
    esac
  done
  case "$at|$prev" in
${all.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${all.map(commandCase).join('\n')}
  esac
}
complete -o bashdefault -F _sluice sluice
`;
}

/** What follows an option with a value. */
function valueCases({ path, options }: CommandDoc): string[] {
  return options
    .filter(({ value }) => value !== undefined)
    .map((option) => {
      const names = namesOf(option).map((name) => shellQuoted(`${path}|${name}`));
      const offer =
        option.choices.length > 0
          ? `COMPREPLY=($(compgen -W ${shellQuoted(option.choices.join(' '))} -- "$cur"))`
          : isFile(option.value ?? '')
            ? 'COMPREPLY=($(compgen -f -- "$cur"))'
            : ':';
      return `    ${names.join(' | ')}) ${offer}; return ;;`;
    });
}

function commandCase({ path, options, arguments: args, commands }: CommandDoc): string {
  const words = [...commands.map(({ name }) => name), ...args.flatMap(({ choices }) => choices)];
  const takesFiles = args.some(({ name }) => isFile(name));
  const others = takesFiles ? '-f' : `-W ${shellQuoted(words.join(' '))}`;
  return `    ${shellQuoted(path)})
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ${shellQuoted(options.flatMap(namesOf).join(' '))} -- "$cur"))
      else COMPREPLY=($(compgen ${others} -- "$cur")); fi ;;`;
}
