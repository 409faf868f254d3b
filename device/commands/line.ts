/** The commands of a device that wait or are under way: one after the other, but for those that go aside. */
import { setTimeout as sleep } from 'node:timers/promises';

/** When a command has its turn. */
export interface Turn {
  /** The commands before it have ended. */
  readonly before: Promise<void>;
  /** Whether there are any, so that what holds now may not hold then. */
  readonly waits: boolean;
  readonly controller: AbortController;
}

interface Place {
  readonly controller: AbortController;
  readonly ended: Promise<void>;
}

/** Commands in the order in which they came. */
export class CommandLine {
  private readonly places = new Map<string, Place>();
  private waiting = 0;
  private tail: Promise<void> = Promise.resolve();

  has(id: string): boolean {
    return this.places.has(id);
  }

  get size(): number {
    return this.places.size;
  }

  /**
   * Begins to work on a command.
   * @param aside whether it waits for none, and none waits for it
   * @param work does not fail
   */
  begin(id: string, aside: boolean, work: (turn: Turn) => Promise<void>): void {
    const controller = new AbortController();
    const before = aside ? Promise.resolve() : this.tail;
    const waits = !aside && this.waiting > 0;
    if (!aside) this.waiting += 1;
    const ended = work({ before, waits, controller }).finally(() => {
      this.places.delete(id);
      if (!aside) this.waiting -= 1;
    });
    this.places.set(id, { controller, ended });
    if (!aside) this.tail = Promise.all([before, ended]).then(() => undefined);
  }

  /** Aborts all, and waits for them to end. @returns at the latest after `most` milliseconds */
  async abort(reason: Error, most: number): Promise<void> {
    const places = [...this.places.values()];
    for (const { controller } of places) controller.abort(reason);
    const done = new AbortController();
    await Promise.race([
      Promise.all(places.map(({ ended }) => ended)).then(() => done.abort()),
      sleep(most, undefined, { signal: done.signal }).catch(() => undefined),
    ]);
  }
}
