// One log-in at a smarthost from the command line, over a connection as senders have it: with the TLS policy and the credential of the hop.

import type { LineContext } from '../deliver/connection-context.ts';
import { ServerLine } from '../deliver/smtp/server-line.ts';
import { smtpDialect } from '../protocol/smtp/client/dialect.ts';
import { failureText } from '../protocol/smtp/client/reply-text.ts';
import type { SocketHop } from '../route/types.ts';

export interface LoginAttempt {
  readonly isRight: boolean;
  /** The mechanism, or what is wrong. */
  readonly result: string;
}

/** Logs in, and says goodbye. Never rejects. */
export function attemptLogin(context: LineContext, hop: SocketHop): Promise<LoginAttempt> {
  const { promise, resolve } = Promise.withResolvers<LoginAttempt>();
  let attempt: LoginAttempt | undefined;
  let isOver = false;
  const failed = (result: string): void => {
    attempt ??= { isRight: false, result };
  };
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    line.wire.end(context);
    resolve(attempt ?? { isRight: false, result: 'the connection was closed' });
  };
  const line: ServerLine = new ServerLine(context, hop, { source: '' }, smtpDialect, {
    connected: () => pump(),
    received: () => pump(),
    lost: (reason, _isLocal, code) => {
      if (isOver || line.triesAgain(reason, code)) return;
      failed(reason);
      end();
    },
    expired: () => {
      if (isOver || line.triesAgain('timed out', '')) return;
      failed('the server does not answer in time');
      end();
    },
  });
  const pump = (): void => {
    const { session } = line.wire;
    for (let event = session.next(); event !== undefined && !isOver; event = session.next()) {
      if (event.kind === 'handshake' || event.kind === 'login' || event.kind === 'derive') {
        line.secure(event, pump);
      } else if (event.kind === 'ready') {
        attempt = { isRight: true, result: session.login.mechanism };
        session.quit();
      } else if (event.kind === 'failed') {
        line.failed(event.failure);
        failed(failureText(event.failure));
      } else if (event.kind === 'close') {
        line.wire.flush();
        end();
      }
    }
    if (isOver) return;
    line.wire.flush();
    line.wire.timer.run();
  };
  return promise;
}
