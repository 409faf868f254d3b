/**
 * Replies whose client does not read them, each of which holds an environment of its function. AWS has more of those;
 * here a stalled reply gives way to a request that waits for the same function, and ends after the time that API
 * Gateway gives a stream in which nothing moves.
 */

/** Milliseconds a reply may stand still while somebody waits for its function. */
const STALL = 5_000;
/** Milliseconds it may stand still at all ("Response streaming", idle timeouts: five minutes for regional APIs). */
const IDLE = 300_000;

interface Reply {
  readonly functionArn: string;
  readonly since: number;
  readonly cut: (why: Error) => void;
}

export class StalledReplies {
  /** Those that have stood still longest first. */
  readonly #replies = new Set<Reply>();
  readonly #stall: number;

  /** @param stall milliseconds; five seconds when absent */
  constructor(stall = STALL) {
    this.#stall = stall;
  }

  /**
   * A reply stands still from now on.
   * @param cut ends it
   * @returns to be called when it moves again, or has ended
   */
  add(functionArn: string, cut: (why: Error) => void): () => void {
    const reply = { functionArn, since: performance.now(), cut };
    const timer = setTimeout(() => cut(new Error('the client has read nothing for five minutes')), IDLE);
    this.#replies.add(reply);
    return () => {
      clearTimeout(timer);
      this.#replies.delete(reply);
    };
  }

  /** Waits for work of a function to begin, and has stalled replies of it give way meanwhile. */
  async waitFor<T>(functionArn: string, work: Promise<T>): Promise<T> {
    const timer = setInterval(() => this.#giveWay(functionArn), this.#stall / 10);
    try {
      return await work;
    } finally {
      clearInterval(timer);
    }
  }

  #giveWay(functionArn: string): void {
    const before = performance.now() - this.#stall;
    for (const reply of this.#replies) {
      if (reply.since > before) return;
      if (reply.functionArn !== functionArn) continue;
      this.#replies.delete(reply);
      reply.cut(new Error('the client does not read, and others wait for the function'));
      return;
    }
  }
}
