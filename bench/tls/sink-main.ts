// The destination of the relay benchmark under TLS, since smtp-sink of Debian has none: PORT COUNT-FILE KEY-FILE CHAIN-FILE. It offers STARTTLS, takes
// TLS 1.3 alone, and writes the number of its messages to the file, whose time of modification is that of the last one.

import { openSync, readFileSync, writeSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';

const [port, countFile = '', keyFile = '', chainFile = ''] = process.argv.slice(2);
const output = openSync(countFile, 'w');
const secureContext = createSecureContext({
  key: readFileSync(keyFile),
  cert: readFileSync(chainFile),
  minVersion: 'TLSv1.3',
  // The same context for all, so that clients can resume.
  sessionIdContext: 'sink',
});
const endOfContent = Buffer.from('\r\n.\r\n');
let messages = 0;

class Session {
  #socket: Socket;
  #isSecure = false;
  #inContent = false;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
    socket.write('220 sink.test ESMTP\r\n');
  }

  #listen(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      if (socket === this.#socket) this.#read(bytes);
    });
    socket.on('end', () => socket.end());
  }

  #read(bytes: Buffer): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let replies = '';
    for (;;) {
      const mark = this.#inContent ? endOfContent : '\r\n';
      const end = rest.indexOf(mark);
      if (end === -1) break;
      const verb = this.#inContent ? '.' : rest.toString('latin1', 0, 4).toUpperCase();
      rest = rest.subarray(end + mark.length);
      this.#inContent = false;
      switch (verb) {
        case '.':
          messages++;
          writeSync(output, `mesg=${messages}\n`, 0);
          replies += '250 2.0.0 Ok\r\n';
          break;
        case 'EHLO':
          replies += `250-sink.test\r\n250-PIPELINING\r\n${this.#isSecure ? '' : '250-STARTTLS\r\n'}250 8BITMIME\r\n`;
          break;
        case 'STAR':
          this.#socket.write('220 2.0.0 Ready\r\n');
          this.#rest = Buffer.alloc(0);
          this.#secure();
          return;
        case 'DATA':
          replies += '354 Go ahead\r\n';
          this.#inContent = true;
          break;
        case 'QUIT':
          this.#socket.end(`${replies}221 2.0.0 Bye\r\n`);
          return;
        default:
          replies += '250 2.0.0 Ok\r\n';
      }
    }
    // Of the content only its end matters.
    this.#rest = this.#inContent ? rest.subarray(-(endOfContent.length - 1)) : rest;
    if (replies !== '') this.#socket.write(replies);
  }

  #secure(): void {
    const secure = new TLSSocket(this.#socket, { isServer: true, secureContext });
    this.#socket = secure;
    this.#isSecure = true;
    this.#listen(secure);
  }
}

createServer({ noDelay: true, allowHalfOpen: true }, (socket) => void new Session(socket)).listen({
  host: '127.0.0.1',
  port: Number(port),
  backlog: 4096,
});
