/**
 * An event that is JSON text already. A batch of thousands of records is put together once as text; as an object
 * it would be built only to be written out again.
 */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  /** For whoever treats it as an ordinary event. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}
