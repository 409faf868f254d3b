/** Stored data of a format that this release does not read. Reading them again never helps. */
export class UnknownFormat extends Error {
  override readonly name = 'UnknownFormat';
  /**
   * @param what the item or the bytes, by key
   * @param found the format that is stored there
   * @param known the one that this release reads
   */
  constructor(what: string, found: unknown, known: number | string) {
    super(`${what} is of format ${String(found)}; this release reads ${known}`);
  }
}
