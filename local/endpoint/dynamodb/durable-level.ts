/**
 * The level store of dynalite, such that what it has taken is on disk: writes that come while others are being
 * flushed share the next flush. One by one each would wait for the disk some milliseconds.
 *
 * Once a write has failed, as on a full disk, LevelDB takes none until it is opened anew; it reads on.
 */

/** A change as LevelDB takes it: keys and values are encoded. */
interface Change {
  readonly type: 'put' | 'del';
  readonly key: unknown;
  readonly value?: unknown;
}

/** What is used of the class in `classic-level`. */
interface LevelStore {
  _batch(changes: readonly Change[], options: object): Promise<void>;
}
export type LevelClass = new (location: string, options: object) => LevelStore;

/** Told of each write that fails. */
export type WriteFailed = (error: Error) => void;

interface Waiting {
  readonly changes: readonly Change[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Changes that are flushed together, at most. */
const MOST_CHANGES = 5_000;

/** What dynalite answers when it is given an error with this: anything else ends it. */
const refusal = (cause: Error): Error =>
  Object.assign(new Error('the store cannot write', { cause }), {
    statusCode: 500,
    body: {
      __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError',
      message: `the local store cannot write: ${cause.message}`,
    },
  });

/** Makes the class of such stores out of that of `classic-level`. */
export const durable = (Level: LevelClass, failed: WriteFailed): LevelClass =>
  class extends Level {
    #waiting: Waiting[] = [];
    #flushing = false;

    _put(key: unknown, value: unknown): Promise<void> {
      return this.#write([{ type: 'put', key, value }]);
    }

    _del(key: unknown): Promise<void> {
      return this.#write([{ type: 'del', key }]);
    }

    override _batch(changes: readonly Change[]): Promise<void> {
      return this.#write(changes);
    }

    #write(changes: readonly Change[]): Promise<void> {
      return new Promise((resolve, reject) => {
        this.#waiting.push({ changes, resolve, reject });
        if (this.#flushing) return;
        this.#flushing = true;
        // What is written in the same turn goes along.
        setImmediate(() => void this.#flush());
      });
    }

    async #flush(): Promise<void> {
      while (this.#waiting.length > 0) {
        let count = 0;
        const most = this.#waiting.findIndex(({ changes }) => {
          count += changes.length;
          return count > MOST_CHANGES;
        });
        const group = this.#waiting.splice(0, most < 0 ? this.#waiting.length : Math.max(1, most));
        try {
          await super._batch(
            group.flatMap(({ changes }) => changes),
            { sync: true },
          );
          for (const { resolve } of group) resolve();
        } catch (cause) {
          const error = cause instanceof Error ? cause : new Error(String(cause));
          failed(error);
          for (const { reject } of group) reject(refusal(error));
        }
      }
      this.#flushing = false;
    }
  };
