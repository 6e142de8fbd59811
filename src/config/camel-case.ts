// Keys are snake_case in the file and camelCase in TypeScript: the one place that converts them.

type Camel<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;

/** The same data with every key in camelCase. What is no plain data stays as it is: the keys of a Map are somebody else's. */
export type CamelKeys<T> =
  T extends ReadonlyMap<unknown, unknown>
    ? T
    : T extends readonly (infer Item)[]
      ? CamelKeys<Item>[]
      : T extends object
        ? { [Key in keyof T as Key extends string ? Camel<Key> : Key]: CamelKeys<T[Key]> }
        : T;

/** Converts every key of plain data, at any depth, to camelCase. A Map stays as it is. */
export function camelKeys<T>(data: T): CamelKeys<T>;
export function camelKeys(data: unknown): unknown {
  if (Array.isArray(data)) return data.map((item: unknown) => camelKeys(item));
  if (typeof data !== 'object' || data === null || data instanceof Map) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [camelCase(key), camelKeys<unknown>(value)]),
  );
}

function camelCase(key: string): string {
  return key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
