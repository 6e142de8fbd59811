// A receiver with plugins of qmail-spp, on which sessions are held, and the commands of a session.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Places } from '../../../src/io/places.ts';
import { FollowedFile } from '../../../src/policy/followed-file.ts';
import { parseSppControl } from '../../../src/policy/qmail-spp/control-file.ts';
import { PluginPrograms } from '../../../src/policy/qmail-spp/plugin-programs.ts';
import { QmailSppStage } from '../../../src/policy/qmail-spp/spp-stage.ts';
import type { FailureAnswer } from '../../../src/policy/stage.ts';
import { noHints } from '../../../src/sasl/token-exchanges.ts';
import { directoryOf } from '../../sasl/secrets.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { type Client, type Fixture, start } from '../fixture.ts';

export interface Options {
  readonly mayRelay?: boolean;
  readonly timeLimitMs?: number;
  readonly places?: Places;
  readonly xclient?: readonly string[];
  /** Variables of every plugin, besides PATH and OUT. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly onFailure?: FailureAnswer;
  /** joe@example.com may log in in clear, with the password pencil. */
  readonly auth?: boolean;
  /** Where plugins are; their own folder when not given. */
  readonly home?: string;
}

export interface Ground {
  readonly fixture: Fixture;
  readonly folder: string;
  readonly complaints: string[];
  /** Changes the plugins. */
  write(control: string): void;
}

const auth = {
  directory: directoryOf({ login: 'joe@example.com', password: 'pencil' }),
  mechanisms: ['PLAIN'],
  inClear: ['PLAIN'],
  isRequired: false,
  hints: noHints,
};

/** A receiver with these plugins; example.com is its domain. `$OUT` is a folder for what plugins write. */
export async function withPlugins(t: TestContext, control: string, options: Options = {}): Promise<Ground> {
  const { path: folder } = temporaryFolder(t, 'qmail-spp');
  const file = join(folder, 'smtpplugins');
  const complaints: string[] = [];
  writeFileSync(file, control);
  const timeLimitMs = options.timeLimitMs ?? 30_000;
  let nowMs = 0;
  const stage = new QmailSppStage({
    name: 'plugins',
    timeLimitMs,
    onFailure: options.onFailure ?? 'tempfail',
    audience: undefined,
    breaker: undefined,
    control: new FollowedFile({
      path: file,
      mostBytes: 10_000,
      lookEveryMs: 1000,
      parse: parseSppControl,
      nowMs: () => (nowMs += 10_000),
    }),
    programs: new PluginPrograms({
      home: options.home ?? folder,
      surroundings: {
        hostname: 'mx.example.org',
        base: { PATH: process.env['PATH'] ?? '', OUT: folder, ...options.environment },
      },
      places: options.places ?? new Places(20, 100),
      names: { of: () => Promise.resolve({ kind: 'names', names: ['client.example.net'] }) },
      complain: (line) => complaints.push(line),
    }),
    acceptsDomain: (domain) => domain === 'example.com',
  });
  const fixture = await start(t, {
    firstStages: [{ stage }],
    settings: { maxConnections: 100, maxConnectionsPerClient: 100 },
    networks: [options.mayRelay === true ? '127.0.0.0' : '10.0.0.0'],
    ...(options.xclient !== undefined && { xclient: options.xclient }),
    ...(options.auth === true && { auth, tls: 'offered' as const }),
  });
  return { fixture, folder, complaints, write: (text) => writeFileSync(file, text) };
}

export const commands = {
  connection: '',
  helo: 'EHLO client.example\r\n',
  mail: 'MAIL FROM:<a@example.net>\r\n',
  rcpt: 'RCPT TO:<b@example.com>\r\n',
  data: 'DATA\r\n',
} as const;
export type Section = keyof typeof commands;
export const sections = Object.keys(commands) as Section[];

/** Goes on until the command of a section, and returns its reply. */
export async function replyAt(client: Client, section: Section): Promise<string> {
  let reply = '';
  for (const each of sections.slice(0, sections.indexOf(section) + 1)) {
    reply = each === 'connection' ? await client.reply() : await client.ask(commands[each]);
  }
  return reply;
}
