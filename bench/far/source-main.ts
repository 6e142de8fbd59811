// A process that sends as fast as it may: PORT CONNECTIONS MESSAGES BYTES KIND DEPTH. Opens the connections, prints `open`, sends the messages
// over them, and prints how many it has sent a second.

import { Source, type SourceKind } from './source.ts';

const [port, connections, messages, sizeBytes] = process.argv.slice(2, 6).map(Number) as [
  number,
  number,
  number,
  number,
];
const kind = process.argv[6] as SourceKind;
const depth = Number(process.argv[7]);

let left = messages;
const take = (): boolean => left > 0 && left-- > 0;
const sources = await Promise.all(
  Array.from({ length: connections }, () => Source.open(port, { kind, depth, sizeBytes })),
);
process.stdout.write('open\n');
const begin = performance.now();
await Promise.all(sources.map((source) => source.send(take)));
const seconds = (performance.now() - begin) / 1000;
process.stdout.write(`sent ${Math.round(messages / seconds)} a second\n`);
await Promise.all(sources.map((source) => source.quit()));
