// The names that the values of a request have on the command line, for messages that people read.

import type { AnyRequest } from './control-protocol.ts';

type Path = readonly PropertyKey[];

/** Names by the place in the request; the first entry that the place begins with is used. */
const words: readonly (readonly [place: string, word: string])[] = [
  ['address', 'The address'],
  ['sender', '--sender'],
  ['tenant', '--tenant'],
  ['filter.ids', 'A queue id'],
  ['filter.sender', '--sender'],
  ['filter.recipient', '--recipient'],
  ['filter.domain', '--domain'],
  ['filter.tenant', '--tenant'],
  ['filter.state', '--state'],
  ['filter.olderThanMs', '--older-than'],
  ['filter.newerThanMs', '--newer-than'],
  ['file', '--config'],
  ['job', 'The number of the job'],
  ['limit', '--limit'],
  ['quantities', 'The limit'],
  ['forMs', '--for'],
  ['reason', '--reason'],
  ['by', 'The name of the user'],
];

/** `--reason`, `The address`; a value without a name for people is named by its place in the request. */
export function wordFor(path: Path, request: AnyRequest): string {
  const place = path.map(String).join('.');
  if (path[0] === 'targets') return targetWord(path, request);
  const known = words.find(([name]) => place === name || place.startsWith(`${name}.`));
  return known?.[1] ?? (place === '' ? 'The request' : place);
}

/** Names one of several targets by its text. */
function targetWord([, index]: Path, request: AnyRequest): string {
  const targets: unknown = 'targets' in request ? request.targets : undefined;
  const text: unknown = Array.isArray(targets) && typeof index === 'number' ? targets[index] : undefined;
  return typeof text !== 'string'
    ? 'The targets'
    : `The target "${text.length > 60 ? `${text.slice(0, 57)}...` : text}"`;
}
