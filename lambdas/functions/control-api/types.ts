/** Instrument types: create, change, list. */
import { LIMITS } from '../../../contracts/limits.ts';
import { slug } from '../../../contracts/messages/topics.ts';
import type { ProblemDetail } from '../../../contracts/problems.ts';
import type {
  InstrumentType,
  InstrumentTypeChange,
  InstrumentTypeInput,
} from '../../../contracts/resources/instrument-types.ts';
import { instrumentTypeInput } from '../../../contracts/resources/instrument-types.ts';
import type { Principal } from '../../../contracts/roles.ts';
import { unitProblem } from '../../../series/units/unit-problem.ts';
import { declarationFaults } from '../../domain/commands/declarations.ts';
import { digest } from '../../runtime/digest.ts';
import { readCursor } from '../../runtime/http/cursor.ts';
import { requireMatch } from '../../runtime/http/etag.ts';
import { ProblemError } from '../../runtime/http/problem.ts';
import { ConditionFailed } from '../../store/dynamodb/conditions.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { createType, listTypes, readType, replaceType } from '../../store/registry/types.ts';

/** What a cursor of this list is bound to. */
export const TYPE_LIST = { list: 'types' };

/** Units of new channels that are no UCUM codes. */
const unitFaults = (
  channels: InstrumentTypeInput['channels'],
  before: InstrumentTypeInput['channels'] = {},
): ProblemDetail[] =>
  Object.entries(channels).flatMap(([name, { unit }]) => {
    const problem = Object.hasOwn(before, name) ? undefined : unitProblem(unit);
    return problem === undefined ? [] : [{ pointer: `/channels/${name}/unit`, detail: problem.detail }];
  });

/**
 * Creates an instrument type. The same type again is answered as it was the first time: the answer may have
 * been lost on its way.
 * @throws {ProblemError} `invalid-request` pointing at units that are no UCUM codes and at commands that make no sense, `conflict` when another type has
 * the identifier
 */
export const addType = async (
  registry: Registry,
  input: InstrumentTypeInput,
  principal: Principal,
  now: Date,
): Promise<InstrumentType> => {
  const errors = [...unitFaults(input.channels), ...declarationFaults(input)];
  if (errors.length > 0) throw new ProblemError('invalid-request', { errors });
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

/** What of a channel is for life: points are stored by it, and rollups made. */
const FOR_LIFE = ['unit', 'type', 'kind'] as const;

/** Why the channels of a change cannot follow those that are there. */
const faultsOf = (before: InstrumentType, change: InstrumentTypeChange): ProblemDetail[] =>
  Object.entries(before.channels).flatMap(([name, channel]): ProblemDetail[] => {
    const next = change.channels[name];
    const pointer = `/channels/${name}`;
    if (next === undefined) return [{ pointer, detail: 'a channel is never taken away' }];
    return FOR_LIFE.filter((part) => next[part] !== channel[part]).map((part) => ({
      pointer: `${pointer}/${part}`,
      detail: `is ${channel[part]} for life`,
    }));
  });

/**
 * Changes an instrument type: channels are added, and what is normal for them is changed.
 * @throws {ProblemError} `not-found`, `precondition-required`, `precondition-failed`, `channel-fixed` pointing at what
 * would become of points that are there, or `invalid-request` pointing at units that are no UCUM codes
 */
export const changeType = async (
  registry: Registry,
  id: string,
  change: InstrumentTypeChange,
  by: { readonly ifMatch: string | undefined; readonly principal: Principal; readonly now: Date },
): Promise<InstrumentType> => {
  const before = await readType(registry, id);
  if (before === undefined) throw new ProblemError('not-found');
  requireMatch(by.ifMatch, before.version);
  const errors = faultsOf(before, change);
  if (errors.length > 0) throw new ProblemError('channel-fixed', { errors });
  const faults = [...unitFaults(change.channels, before.channels), ...declarationFaults(change)];
  if (faults.length > 0) throw new ProblemError('invalid-request', { errors: faults });
  const { version, createdAt, createdBy } = before;
  const type: InstrumentType = {
    ...change,
    id,
    version: version + 1,
    createdAt,
    createdBy,
    updatedAt: by.now.toISOString(),
    updatedBy: by.principal.name,
  };
  try {
    await replaceType(registry, type);
  } catch (cause) {
    throw cause instanceof ConditionFailed ? new ProblemError('precondition-failed', { cause }) : cause;
  }
  return type;
};

/** One page of instrument types, by identifier. */
export const typePage = async (
  registry: Registry,
  query: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
): Promise<{ readonly items: readonly InstrumentType[]; readonly position: string | undefined }> => {
  const limit = query.limit ?? LIMITS.pageDefault;
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, TYPE_LIST, slug);
  const slice = await listTypes(registry, after, limit + 1);
  const items = slice.types.slice(0, limit);
  const more = slice.types.length > limit || slice.seen !== undefined;
  return { items, position: more ? (items.at(-1)?.id ?? slice.seen) : undefined };
};
