// What a user does with the mailbox in one session: opens it, has messages sent, and removes them at the end. Never rejects.

import type { User } from '../directory/types.ts';
import type { Pop3Session } from '../protocol/pop3/server-session.ts';
import type { Maildrop, ResponseCode } from '../protocol/pop3/server-types.ts';
import type { OpenMailbox } from './open-mailbox.ts';
import type { Pop3Context } from './pop3-context.ts';

/** The session that the mailbox is opened for. */
export interface VisitParts {
  readonly session: Pop3Session;
  isGone(): boolean;
  /** Writes what the session has to say; undefined when there is room for more. */
  flush(): Promise<void> | undefined;
  /** Ends the connection: the client has been told a part of a message, and nothing says that the rest is missing. @param reason - for the log */
  breakOff(reason: string): void;
}

export type Opened =
  | { readonly kind: 'open'; readonly visit: MailboxVisit }
  | { readonly kind: 'refused'; readonly text: string; readonly code: ResponseCode };

const notNow = 'The mailbox cannot be read now, try again later';

/**
 * Messages that are sent at once, one after the other, before one is read by a thread, and others get their turn meanwhile: a client may send thousands
 * of commands in advance.
 */
const mostAtOnce = 16;

export class MailboxVisit {
  readonly #context: Pick<Pop3Context, 'freed' | 'log' | 'settings' | 'troubles' | 'removed'>;
  readonly #user: User;
  readonly #mailbox: OpenMailbox;
  readonly #parts: VisitParts;
  readonly #startedAtMs = performance.now();
  /** Work that is under way: the mailbox is given back behind it. */
  #underWay: Promise<void> = Promise.resolve();
  #sentAtOnce = 0;
  #retrieved = 0;
  #retrievedBytes = 0;
  #deleted = 0;

  private constructor(
    context: Pick<Pop3Context, 'freed' | 'log' | 'settings' | 'troubles' | 'removed'>,
    user: User,
    mailbox: OpenMailbox,
    parts: VisitParts,
  ) {
    this.#context = context;
    this.#user = user;
    this.#mailbox = mailbox;
    this.#parts = parts;
  }

  static async open(context: Pop3Context, user: User, parts: VisitParts): Promise<Opened> {
    const { folderOf, loginDelays, mailboxes, troubles } = context;
    if (loginDelays.isTooEarly(user.address, performance.now()))
      return { kind: 'refused', text: 'Log in less often', code: 'LOGIN-DELAY' };
    const place = folderOf(user);
    if (place.kind === 'fault') {
      troubles.failed(user.address, place.why);
      return { kind: 'refused', text: notNow, code: 'SYS/TEMP' };
    }
    const answer = await mailboxes.open(place.path);
    switch (answer.kind) {
      case 'open':
        troubles.well(user.address);
        return { kind: 'open', visit: new MailboxVisit(context, user, answer.mailbox, parts) };
      case 'in-use':
        return { kind: 'refused', text: 'Another session has the mailbox', code: 'IN-USE' };
      case 'full':
        return {
          kind: 'refused',
          text: 'Too many mailboxes are open now, try again later',
          code: 'SYS/TEMP',
        };
      case 'failing':
        troubles.failed(user.address, answer.reason);
        return { kind: 'refused', text: notNow, code: 'SYS/TEMP' };
    }
  }

  get drop(): Maildrop {
    return this.#mailbox.index;
  }

  measure(number: number | undefined): Promise<void> {
    return this.#do(async () => {
      await this.#mailbox.measure(number);
      this.#parts.session.measured();
    });
  }

  /** Sends a message as `send` does, if it can be read at once. @returns whether it was sent */
  sendNow(number: number, lines: number | undefined): boolean {
    const content = this.#sentAtOnce < mostAtOnce ? this.#mailbox.messageNow(number) : undefined;
    this.#sentAtOnce = content === undefined ? 0 : this.#sentAtOnce + 1;
    if (content === undefined) return false;
    const { session } = this.#parts;
    session.begin(lines, this.drop.sizeOf(number));
    session.content(content);
    session.done();
    this.#sent(content.length, lines);
    return true;
  }

  /** @param lines - of TOP; undefined: the whole message */
  send(number: number, lines: number | undefined): Promise<void> {
    return this.#do(() => this.#send(number, lines));
  }

  update(deleted: readonly number[], retrieved: readonly number[]): Promise<void> {
    return this.#do(async () => {
      if (this.#context.settings.marksSeen) await this.#mailbox.markSeen(retrieved);
      const { removed, bytes, failed, reason } = await this.#mailbox.remove(deleted);
      this.#deleted = removed;
      if (removed > 0) this.#context.freed(this.#user.address);
      // Where this fails, the next count of the domain or tenant mends it.
      if (removed > 0)
        await this.#context.removed(this.#user, { bytes, messages: removed }).catch(() => undefined);
      if (failed > 0) this.#context.troubles.failed(this.#user.address, reason);
      // RFC 1939 6: a client that has the answer may open the mailbox again.
      await this.#mailbox.close();
      this.#parts.session.updated(failed === 0 ? '' : `${failed} messages could not be removed`);
    });
  }

  /** The connection is closed. @param reason - empty for QUIT */
  end(client: string, reason: string): void {
    void this.#underWay.then(() => {
      void this.#mailbox.close();
      this.#context.log.sessionEnded(client, {
        login: this.#user.address,
        messages: this.drop.count,
        retrieved: this.#retrieved,
        retrievedBytes: this.#retrievedBytes,
        deleted: this.#deleted,
        reason,
        sessionMs: performance.now() - this.#startedAtMs,
      });
    });
  }

  #do(work: () => Promise<void>): Promise<void> {
    this.#underWay = work().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#context.troubles.failed(this.#user.address, why);
      if (this.#parts.session.isSending) this.#parts.breakOff(`a message could not be read: ${why}`);
      else this.#parts.session.refuse(notNow, 'SYS/TEMP');
    });
    return this.#underWay;
  }

  async #send(number: number, lines: number | undefined): Promise<void> {
    const { session } = this.#parts;
    const file = await this.#mailbox.openMessage(number);
    if (file === undefined) {
      session.refuse(`Message ${number} is not there any more`);
      return;
    }
    try {
      let piece = await file.read();
      session.begin(lines, this.drop.sizeOf(number));
      while (piece !== undefined && !this.#parts.isGone() && session.content(piece)) {
        this.#retrievedBytes += piece.length;
        // The end of the answer leaves with the last piece.
        if (file.isRead) break;
        const full = this.#parts.flush();
        if (full !== undefined) await full;
        piece = await file.read();
      }
      session.done();
      this.#sent(0, lines);
    } finally {
      file.close();
    }
  }

  #sent(bytes: number, lines: number | undefined): void {
    this.#retrievedBytes += bytes;
    if (lines === undefined) this.#retrieved++;
  }
}
