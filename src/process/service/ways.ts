// How messages reach systemd, which listens on a datagram socket (sd_notify(3)). Node cannot open such a socket.

import { spawn } from 'node:child_process';
import { write } from 'node:fs';
import type { SendMessage } from './message-queue.ts';
import type { ServiceEnvironment } from './service-environment.ts';

/** systemd-notify ends within milliseconds. */
const programPatienceMs = 5_000;

/** The way to the service manager; undefined when none waits for messages. */
export function sendTo(
  { notifySocket, notifyDescriptor }: Pick<ServiceEnvironment, 'notifySocket' | 'notifyDescriptor'>,
  env: NodeJS.ProcessEnv,
): SendMessage | undefined {
  if (notifySocket === undefined) return undefined;
  if (notifyDescriptor !== undefined) return byDescriptor(notifyDescriptor);
  return byProgram({ ...env, NOTIFY_SOCKET: notifySocket });
}

/** Writes to a descriptor that is connected to the socket: each write is one datagram, and comes from this very process. */
function byDescriptor(fd: number): SendMessage {
  return (message, done) => write(fd, message, (error) => done(error));
}

/** Starts `systemd-notify` for each message. systemd takes it only with `NotifyAccess=all`, because another process sends it. */
function byProgram(environment: NodeJS.ProcessEnv): SendMessage {
  return (message, done) => {
    const program = spawn('systemd-notify', message.split('\n'), {
      env: environment,
      stdio: 'ignore',
      timeout: programPatienceMs,
      killSignal: 'SIGKILL',
    });
    let isDone = false;
    const end = (error?: Error): void => {
      if (isDone) return;
      isDone = true;
      done(error);
    };
    program.on('error', end);
    program.on('exit', (code, signal) =>
      end(code === 0 ? undefined : new Error(`systemd-notify ended ${signal ?? `with exit code ${code}`}`)),
    );
  };
}
