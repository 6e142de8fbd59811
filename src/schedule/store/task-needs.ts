// The limits that the current task needs wherever it goes. One object, filled again for each task.

/** Filled by `collectNeeds`. */
export class Needs {
  /** Counters of connections. */
  readonly slots: number[] = [];
  readonly connectionGates: number[] = [];
  readonly messageGates: number[] = [];
  readonly recipientGates: number[] = [];
  /** How many of the task's recipients each of the recipient gates counts. */
  readonly gateRecipients: number[] = [];
  /** Routes of the task. */
  readonly routes: number[] = [];
  /** Recipients of each of the routes. */
  readonly routeRecipients: number[] = [];
  messagesPerConnection = 0;
  recipientsPerMessage = 0;
  recipients = 0;

  clear(): void {
    this.slots.length = 0;
    this.connectionGates.length = 0;
    this.messageGates.length = 0;
    this.recipientGates.length = 0;
    this.gateRecipients.length = 0;
    this.routes.length = 0;
    this.routeRecipients.length = 0;
    this.recipients = 0;
  }
}
