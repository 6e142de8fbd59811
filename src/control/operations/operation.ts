// What an operation is: a question and its answer, each with its schema, declared once. The control socket, the manager, the
// control process and the commands derive their ends from the declarations, typed from end to end. Both ends check: a question
// before it is sent and when it arrives, an answer when it arrives.
//
//   export const explain = { role: 'read', question: questionSchema, answer: answerSchema };     // the declaration, in `operations/`
//   service: { explain: (question) => explainer.explain(question) }                // the end that answers
//   const answer = await ask(place, { operation: 'explain', address });            // the end that asks

import type { z } from 'zod';

/** The types of one operation. */
export interface OperationTypes {
  readonly question: unknown;
  readonly answer: unknown;
  /** What comes before the answer: the rows of a list, or the progress of a job. */
  readonly part: unknown;
}

/** What an operator may do: only ask, or change things as well. `own`: what any user of this host may, who proves who it is. */
export type Rights = 'read' | 'change' | 'own';

export interface Operation<Types extends OperationTypes = OperationTypes> {
  readonly question: z.ZodType<Types['question']>;
  readonly answer: z.ZodType<Types['answer']>;
  /** Not given: nothing comes before the answer. */
  readonly part?: z.ZodType<Types['part']>;
}

/** The rights that each operation for operators needs; where that depends on the question, a function of it. */
export type RightsOf<Set extends SetTypes> = {
  readonly [Name in keyof Set]: {
    readonly role: Rights | ((question: Set[Name]['question']) => Rights);
  };
};

/** The types of a set of operations, by name. */
export type SetTypes = Readonly<Record<string, OperationTypes>>;

/** A set of operations, by name. */
export type OperationSet<Set extends SetTypes> = { readonly [Name in keyof Set]: Operation<Set[Name]> };

/** The types of declarations. */
export type TypesOf<Declared> = {
  readonly [Name in keyof Declared]: {
    readonly question: Declared[Name] extends { readonly question: z.ZodType<infer Question> }
      ? Question
      : never;
    readonly answer: Declared[Name] extends { readonly answer: z.ZodType<infer Answer> } ? Answer : never;
    readonly part: Declared[Name] extends { readonly part: z.ZodType<infer Part> } ? Part : never;
  };
};

/** What the end that answers is given beside the question. */
export interface Call<Part> {
  /** Aborted when nobody waits for the answer any more, or when the asker has cancelled. */
  readonly signal: AbortSignal;
  /** Sends what comes before the answer; wait for a returned promise before you send more. */
  readonly report: (parts: readonly Part[]) => void | Promise<void>;
}

/** The end that answers a set of operations: one function each. */
export type Service<Set extends SetTypes> = {
  readonly [Name in keyof Set]: (
    question: Set[Name]['question'],
    call: Call<Set[Name]['part']>,
  ) => Set[Name]['answer'] | Promise<Set[Name]['answer']>;
};

/** Asks a service about a question that has been checked. */
export function perform<Set extends SetTypes, Name extends keyof Set & string>(
  service: Service<Set>,
  name: Name,
  question: Set[Name]['question'],
  call: Call<Set[Name]['part']>,
): Set[Name]['answer'] | Promise<Set[Name]['answer']> {
  return service[name](question, call);
}

/** The end that asks: a question and, if wanted, a signal that cancels, and what is called with parts as they come. */
export type Asker<Set extends SetTypes> = <Name extends keyof Set & string>(
  name: Name,
  question: Set[Name]['question'],
  call?: Partial<Call<Set[Name]['part']>>,
) => Promise<Set[Name]['answer']>;
