// The operations of the directory, which the keys process answers: who a user is, and whether a password is right.

import { z } from 'zod';
import type {
  Directory,
  FoundDomain,
  FoundUser,
  LoginAnswer,
  PasswordLogin,
  ScramAnswer,
  ScramLogin,
  ScramStart,
} from '../../directory/types.ts';
import { textUpTo } from '../override.ts';
import { text } from './common.ts';
import type { OperationSet, Service, TypesOf } from './operation.ts';
import { ping } from './queue-pages.ts';

/** What a client may send in one response of SASL (RFC 4954 4). */
const credential = z.string().max(12_288);

const user = z.object({
  address: z.string(),
  aliases: z.array(z.string()),
  senders: z.array(z.string()),
  mailbox: z.string().optional(),
  quotaBytes: z.number().optional(),
});
const failing = z.object({ kind: z.literal('failing'), reason: z.string() });
const absent = z.object({ kind: z.literal('absent') });
const wrong = z.object({ kind: z.literal('wrong'), reason: z.string() });
const right = z.object({ kind: z.literal('right'), user, application: z.string().optional() });

const foundUser: z.ZodType<FoundUser> = z.union([
  z.object({ kind: z.literal('user'), user }),
  absent,
  failing,
]);
const foundDomain: z.ZodType<FoundDomain> = z.union([
  z.object({ kind: z.literal('present') }),
  absent,
  failing,
]);
const loginAnswer: z.ZodType<LoginAnswer> = z.union([right, wrong, failing]);
const scramStart: z.ZodType<ScramStart> = z.union([
  z.object({ kind: z.literal('salt'), salt: z.string(), iterations: z.number() }),
  failing,
]);
const scramAnswer: z.ZodType<ScramAnswer> = z.union([
  right.extend({ signature: z.string() }),
  wrong,
  failing,
]);

const passwordLogin: z.ZodType<PasswordLogin> = z.strictObject({
  login: credential,
  password: credential,
  client: text,
  isEncrypted: z.boolean(),
});
const scramLogin: z.ZodType<ScramLogin> = z.strictObject({
  login: credential,
  authMessage: textUpTo(49_152),
  proof: credential,
});
const address: z.ZodType<{ readonly address: string }> = z.strictObject({ address: credential });
const domain: z.ZodType<{ readonly domain: string }> = z.strictObject({ domain: credential });
const login: z.ZodType<{ readonly login: string }> = z.strictObject({ login: credential });

export const findUser = { question: address, answer: foundUser };
export const checkUserPassword = { question: passwordLogin, answer: loginAnswer };

const directory = {
  find: findUser,
  'find-domain': { question: domain, answer: foundDomain },
  'check-password': checkUserPassword,
  'scram-start': { question: login, answer: scramStart },
  'scram-finish': { question: scramLogin, answer: scramAnswer },
  ping,
};

/** What receivers and the control process ask the keys process. */
export type DirectorySet = TypesOf<typeof directory>;
export const directoryOperations: OperationSet<DirectorySet> = directory;

/** Answers the operations by a directory. */
export function directoryService(users: Directory): Service<DirectorySet> {
  return {
    find: (question) => users.find(question.address),
    'find-domain': (question) => users.findDomain(question.domain),
    'check-password': (question) => users.checkPassword(question),
    'scram-start': (question) => users.startScram(question.login),
    'scram-finish': (question) => users.finishScram(question),
    ping: () => null,
  };
}
