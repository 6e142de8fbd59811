// A milter that changes nothing, on several sockets of one process: KIND DELAY PATH... Kinds: `answers`: it wants every event and answers each;
// `silent`: it wants every event, and answers only at the end of a message, as rspamd does; `end`: it wants nothing but the end. DELAY: ms
// that it takes for the end of a message.

import { createServer } from 'node:net';
import { PacketReader } from '../../src/protocol/milter/packet-reader.ts';

const stepsOf = { answers: 0, silent: 0xff080, end: 0x37f } as const;

const [kind = 'answers', delay = '0', ...paths] = process.argv.slice(2);
const steps = stepsOf[kind as keyof typeof stepsOf];
const delayMs = Number(delay);

const goOn = Buffer.from([0, 0, 0, 1, 0x63]);
const negotiation = Buffer.alloc(17);
negotiation.writeUInt32BE(13, 0);
negotiation.write('O', 4);
negotiation.writeUInt32BE(6, 5);
negotiation.writeUInt32BE(0x1ff, 9);
negotiation.writeUInt32BE(steps, 13);

/** Commands that are answered by each kind. */
const answered = new Set(kind === 'answers' ? 'CHMRTLNBEU' : 'E');

for (const path of paths) {
  const server = createServer((socket) => {
    const reader = new PacketReader();
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      reader.push(bytes);
      const answers: Buffer[] = [];
      let isEnd = false;
      for (let next = reader.next(); typeof next === 'object'; next = reader.next()) {
        if (next.letter === 'O') answers.push(negotiation);
        else if (answered.has(next.letter)) answers.push(goOn);
        if (next.letter === 'E') isEnd = true;
      }
      if (answers.length === 0) return;
      const all = Buffer.concat(answers);
      if (isEnd && delayMs > 0) setTimeout(() => socket.write(all), delayMs);
      else socket.write(all);
    });
  });
  server.listen(path);
}
process.stdout.write('listening\n');
