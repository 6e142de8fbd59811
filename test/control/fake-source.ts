// A source of answers for the control room: it keeps the requests, and the test sets the answers.

import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type {
  ExplainAnswer,
  LimitsAnswer,
  OverrideChange,
  OverrideEndAnswer,
  ManagerStatus,
} from '../../src/control/control-protocol.ts';
import { ControlServer } from '../../src/control/control-server.ts';
import type { ClockSource, OperatorSource } from '../../src/control/operator-source.ts';
import type { Override } from '../../src/control/override.ts';
import { QueueQuery } from '../../src/control/queue-query.ts';
import type { QueueSource } from '../../src/control/queue-source.ts';
import { StatusDesk } from '../../src/control/status-desk.ts';
import type { ReportedTrouble } from '../../src/stats/trouble-board.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface Answers {
  readonly status?: () => ManagerStatus;
  /** The troubles; none when not given. */
  readonly troubles?: () => readonly ReportedTrouble[];
  /** Whether the manager answers pings; it does when not given. */
  readonly ping?: () => unknown;
  readonly explain?: () => ExplainAnswer;
  readonly limits?: () => LimitsAnswer;
  readonly overrides?: () => readonly Override[];
  readonly set?: (change: OverrideChange) => readonly Override[];
  readonly unset?: () => OverrideEndAnswer;
  readonly confirm?: () => number | null;
}

export interface Running {
  readonly socket: string;
  /** A configuration file that names the socket. */
  readonly folder: string;
  /** The requests, in order. */
  readonly asked: readonly (readonly [what: string, parameters: unknown])[];
}

/** A control server on a socket of its own, until the test ends. */
export async function controlServer(t: TestContext, answers: Answers): Promise<Running> {
  const { path: folder, atEnd } = temporaryFolder(t, 'control');
  const socket = join(folder, 'control.sock');
  const asked: [string, unknown][] = [];
  const answer =
    <P, R>(what: string, of: ((parameters: P) => R) | undefined) =>
    async (parameters: P): Promise<R> => {
      asked.push([what, parameters]);
      if (of === undefined) throw new Error(`nobody expected ${what}`);
      return Promise.resolve(of(parameters));
    };
  const source: QueueSource & OperatorSource & ClockSource = {
    page: () => Promise.resolve({ rows: [], cursor: undefined }),
    change: () => Promise.resolve({ changed: 0, unstored: 0, refused: 0, reason: '' }),
    examine: () => Promise.resolve([]),
    status: answer('status', answers.status),
    ping: async () => Promise.resolve((answers.ping ?? (() => null))()),
    explain: answer('explain', answers.explain),
    limits: answer('limits', answers.limits),
    overrides: () => answer('overrides', answers.overrides)(undefined as never),
    setOverrides: answer('set', answers.set),
    unsetOverrides: answer('unset', answers.unset),
    confirmClock: () => answer('confirm', answers.confirm)(undefined as never),
  };
  const reader = { read: unread, readEnvelope: unread, close: () => undefined };
  const desk = new StatusDesk({ manager: source, troubles: answers.troubles ?? (() => []) });
  const server = new ControlServer(new QueueQuery(source, reader as never), source, desk, () =>
    Promise.resolve({ afterRestart: [] }),
  );
  await server.listen(socket);
  atEnd(() => server.close());
  return { socket, folder, asked };
}

function unread(): never {
  throw new Error('nothing is in the spool');
}
