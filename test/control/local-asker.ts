// Asks a service in the same process, without the checks of both ends; what the test does not answer fails.

import { type Asker, perform, type Service } from '../../src/control/operations/operation.ts';
import type { ManagerSet } from '../../src/control/operations/sets.ts';

export function localAsker(service: Partial<Service<ManagerSet>>): Asker<ManagerSet> {
  return async (name, question, call) => {
    if (service[name] === undefined) throw new Error(`nobody expected ${name}`);
    const { signal } = new AbortController();
    return perform(service as Service<ManagerSet>, name, question, {
      signal,
      report: () => undefined,
      ...call,
    });
  };
}
