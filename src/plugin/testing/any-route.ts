// Stands for the names of all routes, where there is no configuration.

/** Has every name. */
export const anyRoute: ReadonlySet<string> = new (class extends Set<string> {
  override has(): boolean {
    return true;
  }
})();
