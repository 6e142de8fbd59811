// A small SMTP server on a Unix socket that records what it receives, and whose replies a test can set.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface SmtpServer {
  readonly path: string;
  /** Every command line, in order. */
  readonly commands: readonly string[];
  /** The content of each message, as received (dots doubled). */
  readonly contents: readonly string[];
  close(): void;
}

/**
 * @param path - of its socket
 * @param answer - the reply to a command or, for `.`, to the content; undefined for the usual reply
 */
export async function smtpServer(
  path: string,
  answer: (command: string) => string | undefined = () => undefined,
): Promise<SmtpServer> {
  const commands: string[] = [];
  const contents: string[] = [];
  const server = createServer((socket) => serve(socket, answer, commands, contents));
  server.listen(path);
  await once(server, 'listening');
  return { path, commands, contents, close: () => server.close() };
}

function serve(
  socket: Socket,
  answer: (command: string) => string | undefined,
  commands: string[],
  contents: string[],
): void {
  let waiting = '';
  let content: string[] | undefined;
  const say = (command: string, usual: string): void => void socket.write(`${answer(command) ?? usual}\r\n`);
  const line = (text: string): void => {
    if (content !== undefined) {
      if (text !== '.') {
        content.push(text);
        return;
      }
      contents.push(content.map((each) => `${each}\r\n`).join(''));
      content = undefined;
      say('.', '250 2.0.0 Ok: queued as 42');
      return;
    }
    commands.push(text);
    const verb = text.slice(0, 4).toUpperCase();
    if (verb === 'EHLO')
      say(
        text,
        '250-test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-XVERP\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000000',
      );
    else if (verb === 'QUIT') socket.end('221 2.0.0 Bye\r\n');
    else if (verb !== 'DATA') say(text, '250 2.1.0 Ok');
    else {
      const reply = answer(text) ?? '354 Go on';
      socket.write(`${reply}\r\n`);
      if (reply.startsWith('354')) content = [];
    }
  };
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (chunk: string) => {
    const lines = (waiting + chunk).split('\r\n');
    waiting = lines.pop() ?? '';
    for (const each of lines) line(each);
  });
  say('connect', '220 test ESMTP');
}
