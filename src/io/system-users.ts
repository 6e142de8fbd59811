// Users of the system, by their names, for mail: many questions, also from strangers who guess names. The file /etc/passwd is read here; who is
// not in it may be known to another source (NSS: LDAP, sssd), which getent asks. Promises: somebody who cannot be looked up now is never told of
// as absent; answers are kept for a short time, and so many questions at most are under way.

import { readFile, stat } from 'node:fs/promises';
import { Places } from './places.ts';
import { runProgram } from './run-program.ts';

export interface SystemUser {
  readonly kind: 'user';
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export type FoundUser =
  | SystemUser
  | { readonly kind: 'absent' }
  | { readonly kind: 'failing'; readonly reason: string };

const absent: FoundUser = { kind: 'absent' };
const passwdFile = '/etc/passwd';
/** The first of them that is there; a system without getent has the file alone. */
const getents = ['/usr/bin/getent', '/bin/getent'] as const;
const keptMs = 30_000;
const mostKept = 10_000;
/** A name service that does not answer must not hold up mail for ever. */
const answersWithinMs = 10_000;
const mostAnswerBytes = 64 * 1024;
const mostAsked = 8;
const mostWaiting = 1_000;
/** getent(1): one of the keys was not found. */
const notFound = 2;
/** useradd(8); what cannot be a name is no question for a name service. */
const name = /^[a-z_][a-z0-9_.-]{0,63}\$?$/i;

interface Kept {
  readonly answer: Promise<FoundUser>;
  readonly untilMs: number;
}

interface Passwd {
  readonly version: string;
  readonly users: ReadonlyMap<string, SystemUser>;
}

export class SystemUsers {
  readonly #places = new Places(mostAsked, mostWaiting);
  readonly #kept = new Map<string, Kept>();
  #passwd: Passwd = { version: '', users: new Map() };
  #read: Promise<Passwd> | undefined;

  async find(user: string): Promise<FoundUser> {
    if (!name.test(user)) return absent;
    const { users } = await this.#file();
    const known = users.get(user);
    return known ?? this.#elsewhere(user);
  }

  /** As it is now; one that cannot be read has nobody in it, and getent is asked. */
  #file(): Promise<Passwd> {
    return (this.#read ??= this.#readIfChanged().finally(() => (this.#read = undefined)));
  }

  async #readIfChanged(): Promise<Passwd> {
    try {
      const { mtimeMs, ino, size } = await stat(passwdFile);
      const version = `${ino} ${size} ${mtimeMs}`;
      if (version !== this.#passwd.version)
        this.#passwd = { version, users: usersIn(await readFile(passwdFile, 'utf8')) };
    } catch {
      this.#passwd = { version: '', users: new Map() };
    }
    return this.#passwd;
  }

  #elsewhere(user: string): Promise<FoundUser> {
    const nowMs = performance.now();
    const kept = this.#kept.get(user);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.answer;
    const answer = this.#ask(user);
    this.#kept.delete(user);
    this.#kept.set(user, { answer, untilMs: nowMs + keptMs });
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    void answer.then(({ kind }) => {
      if (kind === 'failing') this.#kept.delete(user);
    });
    return answer;
  }

  async #ask(user: string): Promise<FoundUser> {
    if ((await this.#places.take(answersWithinMs)) !== 'place')
      return { kind: 'failing', reason: 'too many users are looked up' };
    try {
      for (const program of getents) {
        const run = await runProgram(
          [program, 'passwd', user],
          { timeMs: answersWithinMs, mostBytes: mostAnswerBytes, signal: new AbortController().signal },
          { environment: { LC_ALL: 'C' } },
        );
        if (run.kind === 'not-started' && run.code === 'ENOENT') continue;
        if (run.kind !== 'ended') return { kind: 'failing', reason: `getent passwd: ${run.kind}` };
        if (run.code === notFound) return absent;
        if (run.code !== 0) return { kind: 'failing', reason: `getent passwd ended with ${run.code}` };
        return usersIn(run.printed.toString('utf8')).get(user) ?? absent;
      }
      return absent;
    } finally {
      this.#places.leave();
    }
  }
}

/** passwd(5): NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL. Of two lines with one name, the first one counts. */
function usersIn(text: string): ReadonlyMap<string, SystemUser> {
  const users = new Map<string, SystemUser>();
  for (const line of text.split('\n')) {
    const [user = '', , uid = '', gid = '', , home = ''] = line.split(':');
    if (!name.test(user) || !/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid) || users.has(user)) continue;
    if (!home.startsWith('/')) continue;
    users.set(user, { kind: 'user', name: user, uid: Number(uid), gid: Number(gid), home });
  }
  return users;
}
