// Answers of plugins about the way of a recipient, for authors to return. Those of refusals are the same as at other points.

import type { RouteAnswer } from './delivery-types.ts';

/** The mail goes by the [[route]] of this name, whatever that matches. */
export function toRoute(name: string): RouteAnswer {
  return { kind: 'route', name };
}

/** The mail goes to these smarthosts, the first of them that can be reached: `relay.example.net:25`, `smtps://192.0.2.1`. */
export function toRelay(...hosts: string[]): RouteAnswer {
  return { kind: 'relay', hosts };
}

/** The mail goes by LMTP to these servers, the first of them that can be reached: `unix:/run/dovecot/lmtp`, `127.0.0.1:24`. */
export function toLmtp(...servers: string[]): RouteAnswer {
  return { kind: 'lmtp', servers };
}
