/** The instrument types that labgate comes with: those of the simulated instruments. */
import type { InstrumentTypeInput } from '../../../contracts/resources/instrument-types.ts';
import { INSTRUMENT_TYPES } from '../../../device/simulator/instruments.ts';
import type { Api } from './api.ts';
import { ApiError } from './refusal.ts';

/** Starter types that the API has now, and those that it has with another content. */
export interface StarterTypes {
  readonly there: readonly string[];
  readonly others: readonly string[];
}

/**
 * Creates starter types. Those that exist are left as they are.
 * @param ids all when absent
 */
export const createStarterTypes = async (api: Api, ids?: ReadonlySet<string>): Promise<StarterTypes> => {
  const wanted = INSTRUMENT_TYPES.filter(({ id }) => ids?.has(id) !== false);
  const create = async (body: InstrumentTypeInput): Promise<boolean> => {
    try {
      await api.json('/v1/types', { method: 'POST', body });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return false;
      throw error;
    }
  };
  const [there, others]: [string[], string[]] = [[], []];
  for (const type of wanted) ((await create(type)) ? there : others).push(type.id);
  return { there, others };
};
