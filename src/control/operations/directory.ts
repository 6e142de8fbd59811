// The operations of the directory, which the keys process answers: who a user is, and whether a password is right.

import { z } from 'zod';
import type {
  Ban,
  CertificateLogin,
  Directory,
  Failing,
  FoundDomain,
  FoundUser,
  LoginAnswer,
  LoginBans,
  LoginMark,
  NotedFailure,
  PasswordLogin,
  ScramAnswer,
  ScramLogin,
  ScramStart,
  StillLoggedIn,
  TokenLogin,
} from '../../directory/types.ts';
import { textUpTo } from '../override.ts';
import { noQuestion, text } from './common.ts';
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
  quotaMessages: z.number().optional(),
  domainQuota: z.object({ bytes: z.number().optional(), messages: z.number().optional() }).optional(),
  forward: z.array(z.string()).optional(),
  keepCopy: z.boolean().optional(),
  autoreply: z
    .object({
      text: z.string(),
      subject: z.string().optional(),
      from: z.string().optional(),
      until: z.string().optional(),
      days: z.number().optional(),
    })
    .optional(),
});
export const failing = z.object({ kind: z.literal('failing'), reason: z.string() });
const absent = z.object({ kind: z.literal('absent') });
export const wrong = z.object({ kind: z.literal('wrong'), reason: z.string() });
const right = z.object({
  kind: z.literal('right'),
  user,
  application: z.string().optional(),
  mark: z.string().optional(),
});

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
const ban: z.ZodType<Ban> = z.object({
  kind: z.enum(['client', 'network', 'user']),
  target: z.string(),
  remainingMs: z.number(),
});
export const banned = z.object({ kind: z.literal('banned'), ban });
const loginAnswer: z.ZodType<LoginAnswer> = z.union([right, wrong, banned, failing]);
const scramStart: z.ZodType<ScramStart> = z.union([
  z.object({ kind: z.literal('salt'), salt: z.string(), iterations: z.number() }),
  banned,
  failing,
]);
const scramAnswer: z.ZodType<ScramAnswer> = z.union([
  right.extend({ signature: z.string() }),
  wrong,
  banned,
  failing,
]);

const notedFailure: z.ZodType<NotedFailure> = z.union([
  z.object({ kind: z.literal('noted') }),
  banned,
  failing,
]);

const loginMark: z.ZodType<LoginMark> = z.strictObject({ address: credential, mark: text });
const stillLoggedIn: z.ZodType<StillLoggedIn> = z.union([
  z.object({ kind: z.literal('user'), user }),
  z.object({ kind: z.literal('changed') }),
  failing,
]);

const passwordLogin: z.ZodType<PasswordLogin> = z.strictObject({
  login: credential,
  password: credential,
  client: text,
  isEncrypted: z.boolean(),
});
const tokenLogin: z.ZodType<TokenLogin> = z.strictObject({
  login: credential,
  token: credential,
  client: text,
});
const certificateLogin: z.ZodType<CertificateLogin> = z.strictObject({
  login: credential,
  names: z.array(credential).max(100),
  client: text,
});
interface FromClient {
  readonly client: string;
}
const scramLogin: z.ZodType<ScramLogin & FromClient> = z.strictObject({
  login: credential,
  authMessage: textUpTo(49_152),
  proof: credential,
  client: text,
});
const address: z.ZodType<{ readonly address: string }> = z.strictObject({ address: credential });
const domain: z.ZodType<{ readonly domain: string }> = z.strictObject({ domain: credential });
const login: z.ZodType<{ readonly login: string } & FromClient> = z.strictObject({
  login: credential,
  client: text,
});
const client: z.ZodType<FromClient> = z.strictObject({ client: text });
const target: z.ZodType<{ readonly target?: string | undefined }> = z.strictObject({
  target: text.optional(),
});
const bans: z.ZodType<readonly Ban[]> = z.array(ban);
const bansOrNone: z.ZodType<readonly Ban[] | Failing> = z.union([bans, failing]);

export const findUser = { role: 'read' as const, question: address, answer: foundUser };
export const checkUserPassword = { role: 'change' as const, question: passwordLogin, answer: loginAnswer };
export const listBans = { role: 'read' as const, question: noQuestion, answer: bansOrNone };
export const liftBans = { role: 'change' as const, question: target, answer: bansOrNone };

const directory = {
  find: findUser,
  'find-domain': { question: domain, answer: foundDomain },
  'check-password': checkUserPassword,
  'check-certificate': { question: certificateLogin, answer: loginAnswer },
  'check-token': { question: tokenLogin, answer: loginAnswer },
  'scram-start': { question: login, answer: scramStart },
  'scram-finish': { question: scramLogin, answer: scramAnswer },
  'note-failure': { question: client, answer: notedFailure },
  'is-still-logged-in': { question: loginMark, answer: stillLoggedIn },
  bans: { question: noQuestion, answer: bans },
  'lift-bans': { question: target, answer: bans },
  ping,
};

/** What receivers and the control process ask the keys process. */
export type DirectorySet = TypesOf<typeof directory>;
export const directoryOperations: OperationSet<DirectorySet> = directory;

const mailboxUsers = { find: findUser, ping };

/** What senders ask the keys process: who has a mailbox. */
export type MailboxUserSet = TypesOf<typeof mailboxUsers>;
export const mailboxUserOperations: OperationSet<MailboxUserSet> = mailboxUsers;

/** Answers the operations by a directory. */
export function mailboxUserService(users: Pick<Directory, 'find'>): Service<MailboxUserSet> {
  return { find: (question) => users.find(question.address), ping: () => null };
}

/** Answers the operations by a directory. */
export function directoryService(users: Directory & LoginBans): Service<DirectorySet> {
  return {
    find: (question) => users.find(question.address),
    'find-domain': (question) => users.findDomain(question.domain),
    'check-password': (question) => users.checkPassword(question),
    'check-certificate': (question) => users.checkCertificate(question),
    'check-token': (question) => users.checkToken(question),
    'scram-start': (question) => users.startScram(question.login, question.client),
    'scram-finish': (question) => users.finishScram(question, question.client),
    'note-failure': (question) => users.noteFailure(question.client),
    'is-still-logged-in': (question) => users.isStillLoggedIn(question),
    bans: () => users.bans(),
    'lift-bans': (question) => users.liftBans(question.target),
    ping: () => null,
  };
}
