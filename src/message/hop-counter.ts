// Counts the Received and Delivered-To fields of a message. Too many of them mean a mail loop (RFC 5321 6.3).

import { FieldScanner, nameBytes } from './field-scanner.ts';

const names = [nameBytes('received'), nameBytes('delivered-to')];

/** `count` tells how many of these fields there are. */
export class HopCounter extends FieldScanner {
  constructor() {
    super(names);
  }

  protected override valueByte(): boolean {
    return false;
  }
}
