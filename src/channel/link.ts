// How a role sends messages to the manager, whether that runs in the same process or in another one.

export interface Link<Out> {
  post(message: Out): void;
  readonly congested: boolean;
  whenDrained(callback: () => void): void;
  close(): void;
}
