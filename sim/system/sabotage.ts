// Rules of Sluice that are broken on purpose, to see that the simulation notices. Each is broken from outside, by a wrapper
// around what a manager is given: the code under test has no switches for it.

import type { Timers } from '../../src/io/timers.ts';
import type { FileLayer } from '../../src/spool/file-layer.ts';
import type { Outcome, SpoolReader, SpoolStore, SpoolWriter } from '../../src/spool/types.ts';
import type { FromRole, ManagerEnd } from './manager-end.ts';

/**
 * - `unasked`: new managers are not told which senders live
 * - `silent hello`: senders do not say what they have delivered
 * - `unseen end`: the end of a sender process is ignored when its hello has not arrived yet
 * - `lost link`: a sender process whose link is lost counts as ended, though its connections are open
 * - `early close`: a connection counts as closed as soon as it is told to close
 * - `unpinned`: messages in flight are not pinned in the spool
 * - `pinned for ever`: they are never let go
 * - `passed plugin`: mail goes by the routing table, and the plugin that routes is not asked
 * - `stale routes`: mail that waits keeps its routes over a reload
 * - `early settlement`: the journal says that a recipient has failed before the report about it is stored
 * - `forgotten deferrals`: the journal does not say that a recipient was tried
 * - `forgotten attempts`: it does not say how often
 * - `forgotten reasons`: it does not say why the recipient was refused
 * - `hasty answers`: operators are told that a change is on the disk before it is
 * - `hasty overrides`: the same for a suspension or a limit: the folder of its file is not synced
 * - `endless tries`: what was refused for good is tried again
 * - `swapped results`: results of two transactions that are on the way on one connection are taken for each other's
 * - `deeper`: more transactions are granted to a connection at once than its sender allows
 */
export type Sabotage =
  | 'unasked'
  | 'silent hello'
  | 'unseen end'
  | 'lost link'
  | 'early close'
  | 'unpinned'
  | 'pinned for ever'
  | 'passed plugin'
  | 'stale routes'
  | 'early settlement'
  | 'forgotten deferrals'
  | 'forgotten attempts'
  | 'forgotten reasons'
  | 'hasty answers'
  | 'hasty overrides'
  | 'endless tries'
  | 'swapped results'
  | 'deeper';

/** Breaks the store of a manager. */
export function breakStore(store: SpoolStore, sabotage: Sabotage | undefined): SpoolStore {
  if (sabotage === 'unpinned') store.pin = () => undefined;
  if (sabotage === 'pinned for ever') store.unpin = () => undefined;
  if (sabotage === 'hasty answers') store.flush = () => Promise.resolve();
  const forget = sabotage === undefined ? undefined : forgetters[sabotage];
  if (forget !== undefined) {
    const settle = store.settle.bind(store);
    store.settle = (outcomes) =>
      settle(outcomes.flatMap((each) => (each.kind === 'deferred' ? forget(each) : [each])));
  }
  return store;
}

type Deferred = Extract<Outcome, { readonly kind: 'deferred' }>;

/** What is left of an outcome. */
const forgetters: Partial<Record<Sabotage, (outcome: Deferred) => Outcome[]>> = {
  'forgotten deferrals': () => [],
  'forgotten attempts': (outcome) => [{ ...outcome, attempts: 0 }],
  'forgotten reasons': (outcome) => [{ ...outcome, refusal: '' }],
};

/** Breaks the files of a manager's state, which are not those of its store. */
export function breakFiles(files: FileLayer, sabotage: Sabotage | undefined): FileLayer {
  if (sabotage !== 'hasty overrides') return files;
  return { ...files, syncDirectory: () => Promise.resolve() };
}

const aboutPattern = /^X-Sluice-Queue-ID: (\S+)/imu;
const failedPattern = /^Final-Recipient: rfc822; ?(\S+)\r\nAction: failed/gimu;

/** Breaks the writer of a manager's reports. */
export function breakWriter(
  writer: SpoolWriter,
  { store, reader }: { readonly store: SpoolStore | undefined; readonly reader: SpoolReader },
  sabotage: Sabotage | undefined,
): SpoolWriter {
  if (sabotage !== 'early settlement' || store === undefined) return writer;
  const append = writer.append.bind(writer);
  const settled = new Set<string>();
  // A report that finds no room is tried, too.
  writer.hasRoom = () => true;
  writer.append = async (message) => {
    const content = Buffer.concat([...message.content]).toString('latin1');
    const queueId = aboutPattern.exec(content)?.[1] ?? '';
    const ref = store.locate(queueId);
    if (ref !== undefined && !settled.has(queueId)) {
      settled.add(queueId);
      const failed = new Set([...content.matchAll(failedPattern)].map(([, address]) => address));
      const { recipients } = await reader.readEnvelope(ref);
      const indexes = recipients.flatMap(({ address }, index) => (failed.has(address) ? [index] : []));
      store.settle(indexes.map((recipient) => ({ kind: 'failed', queueId, recipient })));
    }
    return append(message);
  };
  return writer;
}

/** Breaks the manager's end of a link to another process. @param timers - of the manager */
export function breakLink(
  end: ManagerEnd,
  timers: Pick<Timers, 'setImmediate'>,
  sabotage: Sabotage | undefined,
): ManagerEnd {
  const [post, receive] = [end.post.bind(end), end.receive.bind(end)];
  if (sabotage === 'deeper') end.receive = (take) => receive((batch) => take(batch.map(deepened)));
  if (sabotage === 'swapped results') swapResults(end);
  if (sabotage === 'endless tries') end.receive = (take) => receive((batch) => take(batch.map(softened)));
  if (sabotage !== 'early close') return end;
  let take: Parameters<ManagerEnd['receive']>[0] = () => undefined;
  /** Connections whose end the manager has heard of before it came. */
  const early: number[] = [];
  const isNew = (message: FromRole): boolean => {
    if (message.kind !== 'closed') return true;
    const at = early.indexOf(message.connection);
    if (at !== -1) early.splice(at, 1);
    return at === -1;
  };
  end.receive = (taker) => {
    take = taker;
    receive((batch) => taker(batch.filter(isNew)));
  };
  end.post = (message) => {
    post(message);
    if (message.kind !== 'close') return;
    const { connection } = message;
    early.push(connection);
    timers.setImmediate(() => take([{ kind: 'closed', connection, report: { kind: 'closed' } }]));
  };
  return end;
}

/** The first results on a connection with several transactions on the way come after the next ones. */
function swapResults(end: ManagerEnd): void {
  const [post, receive] = [end.post.bind(end), end.receive.bind(end)];
  const onTheWay = new Map<number, number>();
  const heldBack = new Map<number, FromRole>();
  end.post = (message) => {
    if (message.kind === 'connect') onTheWay.set(message.connection, 1);
    if (message.kind === 'transact')
      onTheWay.set(message.connection, (onTheWay.get(message.connection) ?? 0) + 1);
    post(message);
  };
  const swapped = (message: FromRole): FromRole[] => {
    if (message.kind !== 'done' && message.kind !== 'closed') return [message];
    const { connection } = message;
    const held = heldBack.get(connection);
    heldBack.delete(connection);
    if (held !== undefined) return message.kind === 'done' ? [message, held] : [held, message];
    const left = (onTheWay.get(connection) ?? 0) - 1;
    onTheWay.set(connection, left);
    if (message.kind === 'closed' || left < 1) return [message];
    heldBack.set(connection, message);
    return [];
  };
  end.receive = (take) => receive((batch) => take(batch.flatMap(swapped)));
}

function deepened(message: FromRole): FromRole {
  return message.kind === 'ready' ? { ...message, depth: (message.depth ?? 1) + 1 } : message;
}

/** Nothing is refused for good. */
function softened(message: FromRole): FromRole {
  if (message.kind !== 'done') return message;
  const results = message.results.map((each) =>
    each.result === 'refused' ? { ...each, refusal: { ...each.refusal, permanent: false } } : each,
  );
  return { ...message, results };
}
