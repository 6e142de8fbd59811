// The only error of this room: a routing table that cannot be used. A recipient that cannot be routed gets an ErrorPlan.

import { SluiceError } from '../errors/sluice-error.ts';

export class RouteTableError extends SluiceError {
  constructor(message: string, advice: string) {
    super('ROUTE_TABLE_INVALID', message, advice);
  }
}
