/** Anything thrown as an error: what is logged needs a name and a stack. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
