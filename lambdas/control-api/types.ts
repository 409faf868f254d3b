/** Instrument types: create, list. */
import * as z from 'zod';
import type { InstrumentType, InstrumentTypeInput } from '../../contracts/instrument-types.ts';
import { instrumentTypeInput } from '../../contracts/instrument-types.ts';
import { LIMITS } from '../../contracts/limits.ts';
import type { Principal } from '../../contracts/roles.ts';
import { digest } from '../runtime/digest.ts';
import { readCursor } from '../runtime/http/cursor.ts';
import { ProblemError } from '../runtime/http/problem.ts';
import { ConditionFailed } from '../store/registry/conditions.ts';
import type { Registry } from '../store/registry/keys.ts';
import { createType, listTypes, readType } from '../store/registry/types.ts';

/** What a cursor of this list is bound to. */
export const TYPE_LIST = { list: 'types' };

/**
 * Creates an instrument type. The same type again is answered as it was the first time: the answer may have
 * been lost on its way.
 * @throws {ProblemError} `conflict` when another type has the identifier, `forbidden` for who holds the permission
 * at single sites only: types belong to all sites
 */
export const addType = async (
  registry: Registry,
  input: InstrumentTypeInput,
  principal: Principal,
  now: Date,
): Promise<InstrumentType> => {
  const type: InstrumentType = {
    ...input,
    version: 1,
    createdAt: now.toISOString(),
    createdBy: principal.name,
  };
  try {
    await createType(registry, type);
    return type;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    const found = await readType(registry, input.id);
    if (found === undefined) throw error;
    const same = digest(instrumentTypeInput.strip().parse(found)) === digest(input);
    if (!same || found.createdBy !== principal.name) throw new ProblemError('conflict', { cause: error });
    return found;
  }
};

/** One page of instrument types, by identifier. */
export const typePage = async (
  registry: Registry,
  query: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
): Promise<{ readonly items: readonly InstrumentType[]; readonly position: string | undefined }> => {
  const limit = query.limit ?? LIMITS.pageDefault;
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, TYPE_LIST, z.string());
  const slice = await listTypes(registry, after, limit + 1);
  const items = slice.types.slice(0, limit);
  const more = slice.types.length > limit || slice.seen !== undefined;
  return { items, position: more ? (items.at(-1)?.id ?? slice.seen) : undefined };
};
