// The one error that this room raises: a routing table that cannot be used. What cannot be routed is an ErrorPlan.

import { SluiceError } from '../errors/sluice-error.ts';

export class RouteTableError extends SluiceError {
  constructor(message: string, advice: string) {
    super('ROUTE_TABLE_INVALID', message, advice);
  }
}
