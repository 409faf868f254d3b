/** Files of the data folder that do not hold what was written to them. */
import { copyFileSync, existsSync } from 'node:fs';
import type { Log } from './types.ts';

/** Something in a file that is not what was written. */
export interface Damage {
  readonly file: string;
  /** Where it begins, in bytes. */
  readonly at: number;
  readonly what: string;
}

const sentence = ({ file, at, what }: Damage): string => `${file} is damaged at byte ${at}: ${what}`;

/** The gateway does not start on damaged files: what they held would be gone, and nobody would know. */
export class DamagedFiles extends Error {
  override readonly name = 'DamagedFiles';

  constructor(damage: readonly Damage[]) {
    super(
      `${damage.map(sentence).join('\n')}\nRestore the data folder from a copy, or start with --accept-damage: then ` +
        'what cannot be read is left out, and the damaged files are kept beside as they are.',
    );
  }
}

/** What a part does about damage that it has found: returns where it is accepted. */
export type OnDamage = (damage: readonly Damage[]) => void;

/**
 * @param accept whether to go on without what is damaged
 * @returns throws {@link DamagedFiles}, or keeps copies of the files and says so
 */
export const damagePolicy =
  (accept: boolean, log: Log): OnDamage =>
  (damage) => {
    if (damage.length === 0) return;
    if (!accept) throw new DamagedFiles(damage);
    for (const each of damage) {
      const copy = `${each.file}.damaged`;
      // The first one is the one that holds most.
      if (existsSync(each.file) && !existsSync(copy)) copyFileSync(each.file, copy);
      log('error', `${sentence(each)}; it is left out, and kept as ${copy}`);
    }
  };
