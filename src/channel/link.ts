// What a role needs of its way to the manager, whether that is in the same process or another.

export interface Link<Out> {
  post(message: Out): void;
  readonly congested: boolean;
  whenDrained(callback: () => void): void;
  close(): void;
}
