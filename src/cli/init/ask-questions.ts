// Gathers the answers of `sluice init`: from options, from a person, or what each question proposes. A bad answer of a person is asked
// again with the reason; one in an option is an error.

import { ValueError } from '../../values/value-error.ts';
import { CommandError, exitCodes } from '../exit-codes.ts';
import type { Purpose } from './answers.ts';
import type { HostFacts } from './host-facts.ts';
import { type Given, type QuestionName, questionNames, questions } from './questions.ts';

/** A person at a terminal. */
export interface Person {
  /** Resolves to the line that was typed; undefined when there will be no more. */
  readonly ask: (question: string) => Promise<string | undefined>;
  readonly say: (text: string) => void;
}

/**
 * @param options - the options of the command line, by the names of the questions
 * @param person - undefined: nobody can be asked
 * @throws {CommandError} `INIT_ANSWER` for an option that is no answer, `INIT_MISSING` when an answer is missing and nobody can be
 * asked, `INIT_CANCELLED` when the person ends the questions
 */
export async function gatherAnswers(
  purpose: Purpose,
  options: Given,
  facts: HostFacts,
  person: Person | undefined,
): Promise<Given> {
  const given: Partial<Record<QuestionName, string>> = {};
  const missing: QuestionName[] = [];
  for (const name of questionNames) refuseForeign(name, purpose, options);
  for (const name of questionNames) {
    const { purposes, proposes, isAsked, isOptional } = questions[name];
    if (!purposes.includes(purpose)) continue;
    const option = options[name];
    if (name === 'key' && option !== undefined && (given.certificate ?? '') === '') throw keyAlone();
    if (option !== undefined) {
      given[name] = fromOption(name, option);
      continue;
    }
    const proposal = proposes(facts, purpose, given);
    const mayAsk = isAsked?.(facts, given) ?? true;
    if (mayAsk && person !== undefined) given[name] = await fromPerson(name, proposal, person);
    else if (proposal !== undefined && (mayAsk || name === 'listen')) given[name] = proposal;
    else if (mayAsk && !isOptional) missing.push(name);
  }
  if (missing.length > 0) {
    throw new CommandError(
      exitCodes.usage,
      'INIT_MISSING',
      `Writing a configuration for "${purpose}": missing ${missing.map((name) => `--${name}`).join(', ')}.`,
      'Give these options, or call the command on a terminal, where it asks.',
    );
  }
  return given;
}

function refuseForeign(name: QuestionName, purpose: Purpose, options: Given): void {
  if (options[name] === undefined || questions[name].purposes.includes(purpose)) return;
  throw new CommandError(
    exitCodes.usage,
    'INIT_ANSWER',
    `--${name} does not belong to the purpose "${purpose}".`,
    `It is for ${questions[name].purposes.join(', ')}.`,
  );
}

function keyAlone(): CommandError {
  return new CommandError(
    exitCodes.usage,
    'INIT_ANSWER',
    '--key needs --certificate.',
    'Name the file with the certificate, too, or leave the key out for a self-signed one.',
  );
}

function fromOption(name: QuestionName, text: string): string {
  const problem = problemOf(name, text.trim());
  if (problem === undefined) return text.trim();
  throw new CommandError(
    exitCodes.usage,
    'INIT_ANSWER',
    `--${name}: ${problem}.`,
    questions[name].text + '.',
  );
}

async function fromPerson(name: QuestionName, proposal: string | undefined, person: Person): Promise<string> {
  const { text } = questions[name];
  const shown = proposal === undefined || proposal === '' ? '' : ` [${proposal}]`;
  for (;;) {
    const typed = await person.ask(`${text}${shown}: `);
    if (typed === undefined)
      throw new CommandError(exitCodes.cancelled, 'INIT_CANCELLED', 'No answer; nothing was written.');
    const answer = typed.trim() === '' ? (proposal ?? '') : typed.trim();
    const problem = problemOf(name, answer);
    if (problem === undefined) return answer;
    person.say(`  ${problem}.\n`);
  }
}

/** Why a text is no answer; undefined when it is one. */
function problemOf(name: QuestionName, text: string): string | undefined {
  const { check, isOptional } = questions[name];
  // A list of nothing but commas has no answer, either.
  if (/^[\s,]*$/u.test(text)) return isOptional ? undefined : 'an answer is needed';
  try {
    check(text);
    return undefined;
  } catch (error) {
    if (error instanceof ValueError) return error.message;
    throw error;
  }
}
