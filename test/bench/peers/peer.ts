import type { Extent } from './data.ts';
import type { Answer, Question } from './questions.ts';

/** A store that the bench loads and asks. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Format in which points come. */
  readonly points: string;
  load(extent: Extent): Promise<void>;
  /**
   * Asks a question; resolves with the last byte of the answer.
   * @returns a function that reads the answer, outside of what is measured
   */
  ask(question: Question): Promise<() => Answer>;
}

/** A peer that may not be installed here. */
export interface PeerSource {
  readonly name: string;
  readonly debianPackage: string;
  /** `undefined` when the package is not installed. */
  readonly start: (() => Promise<Peer>) | undefined;
}
