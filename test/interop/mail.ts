// Shared by the interop tests: sending one message by hand, a destination that keeps its messages, and reasons to skip.

import { startMx, type Mx, type MxMessage, type MxOptions } from '../../sim/mx/mx.ts';
import { Session } from '../../sim/mx/submitter.ts';
import type { Ground } from '../../sim/neighbours/ground.ts';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  /** Lines with CRLF, dots not doubled, the final dot left out. */
  readonly content: string;
  /** After MAIL FROM:<...> and each RCPT TO:<...>, with a space in front. */
  readonly mailParameters?: string;
  readonly rcptParameters?: string;
}

/** Sends one message in a session of its own. Returns every reply, the final one last. */
export async function send(port: number, mail: Mail): Promise<string[]> {
  const { from, to, content, mailParameters = '', rcptParameters = '' } = mail;
  const session = await Session.open('127.0.0.1', port);
  const replies: string[] = [];
  const say = async (text: string): Promise<string> => {
    session.write(text);
    const reply = await session.reply();
    replies.push(reply);
    return reply;
  };
  await say(`MAIL FROM:<${from}>${mailParameters}\r\n`);
  for (const one of to) await say(`RCPT TO:<${one}>${rcptParameters}\r\n`);
  const data = await say('DATA\r\n');
  if (data.startsWith('354')) await say(`${content.replaceAll(/^\./gmu, '..')}.\r\n`);
  await session.quit();
  return replies;
}

export interface Destination extends Mx {
  readonly messages: MxMessage[];
}

/** A simulated MX that keeps every message and is closed at the end of the ground. */
export async function destination(ground: Ground, options: Partial<MxOptions> = {}): Promise<Destination> {
  const messages: MxMessage[] = [];
  const mx = await startMx({
    address: '127.0.0.1',
    port: 0,
    ...options,
    onMessage: (message) => messages.push(message),
  });
  ground.atEnd(() => mx.close());
  return { ...mx, messages };
}

/** The body after the header, unchanged. */
export function bodyOf(message: MxMessage): string {
  const text = message.content.toString('utf8');
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
