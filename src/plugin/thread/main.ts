// The program of a plugin's thread: loads the plugin, sets it up, and asks it what the process asks.

import { isMainThread, type MessagePort, workerData } from 'node:worker_threads';

import '../resolve-hooks.ts';
import { loadPlugin, pointsOf, setUpPlugin } from '../load-plugin.ts';
import { mistakeText } from '../mistake-text.ts';
import type { PluginPoints } from '../types.ts';
import type { ThreadData, ToThread } from '../wire.ts';
import { Asked } from './asked.ts';
import { openContext } from './context.ts';
import { followLoading } from './loaded-files.ts';
import { Outbox } from './outbox.ts';

/** Memory outside of the heap is told no more often. */
const memoryEveryMs = 1_000;

async function run(data: ThreadData, port: MessagePort): Promise<void> {
  const outbox = new Outbox(port);
  const files = followLoading(data.file);
  const opened = openContext(data, outbox);
  let points: PluginPoints = {};
  const asked = new Asked(() => points, outbox);
  let memoryAtMs = -Infinity;
  let externalBytes = 0;

  const end = async (): Promise<void> => {
    opened.stop();
    await asked.whenIdle();
    try {
      await points.end?.();
    } catch (error) {
      outbox.complain(`its end failed: ${mistakeText(error)}`);
    }
    opened.close();
    outbox.tell({ ended: true });
  };

  port.on('message', (message: ToThread) => {
    if (message.ping === true) {
      const now = performance.now();
      if (now >= memoryAtMs + memoryEveryMs) {
        memoryAtMs = now;
        externalBytes = process.memoryUsage().external;
      }
      outbox.pong(externalBytes);
    }
    for (const [id, outcome] of message.called ?? []) outbox.called(id, outcome);
    asked.ask(message);
    if (message.end === true) void end();
  });

  try {
    points = await setUpPlugin(await loadPlugin(data.file), opened.context);
    outbox.tell({ ready: { points: pointsOf(points), files } });
  } catch (error) {
    outbox.tell({ unusable: { reason: mistakeText(error), files } });
  }
}

/** A plugin has no business with the port, and ends no process but its thread: by `process.exit`, which does just that here. */
function takePort(): MessagePort {
  const given = workerData as { port?: MessagePort };
  const { port } = given;
  if (isMainThread || port === undefined) throw new TypeError('this is the program of a thread');
  delete given.port;
  const kill = process.kill.bind(process);
  process.kill = (pid, signal) => {
    if (pid === process.pid) throw new Error('a plugin may not end the process of Sluice');
    return kill(pid, signal);
  };
  return port;
}

const port = takePort();
void run(workerData as ThreadData, port);
