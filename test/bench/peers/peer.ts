import type { Extent } from './data.ts';
import type { Answer, Question } from './questions.ts';

/** A store that is loaded and asked. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** What points come as. */
  readonly points: string;
  load(extent: Extent): Promise<void>;
  /**
   * Resolves with the last byte of the answer.
   * @returns reads the answer
   */
  ask(question: Question): Promise<() => Answer>;
}

/** How to get a peer: what starts it, or the package that is missing. */
export interface PeerSource {
  readonly name: string;
  readonly debianPackage: string;
  /** `undefined` when the package is not installed. */
  readonly start: (() => Promise<Peer>) | undefined;
}
