/** `one.ts NAME [SCALE]`: runs one bench, and hands its figures to the process that has forked this one. */
import type { Figure } from './figure.ts';

/** A bench is a file `NAME.ts` of this folder that exports `run`. */
interface Bench {
  readonly run: (options: { readonly scale?: number | undefined }) => Promise<readonly Figure[]>;
}

const [name = '', scale] = process.argv.slice(2);
const { run }: Bench = await import(`./${name}.ts`);
const figures = await run({ scale: scale === undefined ? undefined : Number(scale) });
// Whatever the bench has left open ends with it.
process.send?.(figures, () => process.exit(0));
