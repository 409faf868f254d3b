/** The level store that dynalite keeps its items in. */
import { createRequire } from 'node:module';

export interface LevelStore {
  open(): Promise<void>;
  close(): Promise<void>;
  put(key: string, value: string): Promise<void>;
  get(key: string): Promise<string | undefined>;
  del(key: string): Promise<void>;
  compactRange(from: string, to: string): Promise<void>;
}

const { resolve } = createRequire(import.meta.url);

/** The class of such stores. */
export const { Level } = createRequire(resolve('dynalite'))('level') as {
  readonly Level: new (folder: string, options?: object) => LevelStore;
};
