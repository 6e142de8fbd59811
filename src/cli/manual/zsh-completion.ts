// The completion for zsh: one function, which finds the command among the words and describes what may follow.

import { allCommands, type CommandDoc } from './command-doc.ts';
import { isFile, namesOf, shellQuoted } from './completion-parts.ts';

export function zshCompletion(program: CommandDoc): string {
  const all = allCommands(program);
  const steps = all
    .filter(({ path }) => path !== '')
    .map(
      ({ path, name }) =>
        `${shellQuoted(`${path.slice(0, -name.length).trim()}|${name}`)}) at=${shellQuoted(path)} ;;`,
    );
  return `#compdef sluice
# zsh completion for sluice, made by "sluice completion zsh".
# Put it into a folder of fpath under the name _sluice, or load it with: source <(sluice completion zsh)
_sluice() {
  local at= i
  local -a offered
  for ((i = 2; i < CURRENT; i++)); do
    case "$at|\${words[i]}" in
      ${steps.join('\n      ')}
    esac
  done
  case "$at|\${words[CURRENT - 1]}" in
${all.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${all.map(commandCase).join('\n')}
  esac
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then _sluice "$@"
elif (( $+functions[compdef] )); then compdef _sluice sluice
fi
`;
}

function valueCases({ path, options }: CommandDoc): string[] {
  return options
    .filter(({ value }) => value !== undefined)
    .map((option) => {
      const names = namesOf(option).map((name) => shellQuoted(`${path}|${name}`));
      const offer =
        option.choices.length > 0
          ? `compadd -- ${option.choices.map(shellQuoted).join(' ')}`
          : isFile(option.value ?? '')
            ? '_files'
            : `_message ${shellQuoted(option.value ?? '')}`;
      return `    ${names.join(' | ')}) ${offer}; return ;;`;
    });
}

function commandCase({ path, options, arguments: args, commands }: CommandDoc): string {
  const described = (name: string, text: string): string =>
    shellQuoted(`${name.replaceAll(':', '\\:')}:${text.replaceAll(':', '\\:')}`);
  const flags = options.flatMap((option) =>
    namesOf(option).map((name) => described(name, option.description)),
  );
  const words = [
    ...commands.map(({ name, description }) => described(name, description)),
    ...args.flatMap(({ choices }) => choices.map((choice) => described(choice, choice))),
  ];
  const others = args.some(({ name }) => isFile(name))
    ? '_files'
    : words.length === 0
      ? ':'
      : `offered=(${words.join(' ')}); _describe -t commands command offered`;
  return `    ${shellQuoted(path)})
      if [[ \${words[CURRENT]} == -* ]]; then offered=(${flags.join(' ')}); _describe -t options option offered
      else ${others}; fi ;;`;
}
