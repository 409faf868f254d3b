/** How many exports somebody has ordered on a day: one item, counted up on the number that was read. */
import { marshal, unmarshal } from '../dynamodb/attributes.ts';
import { ConditionFailed } from '../dynamodb/conditions.ts';
import { exportQuotaKey, ITEM_FORMAT, META, type Registry } from './keys.ts';
import { createItem, readItem, replaceItem } from './single.ts';

const TRIES = 5;
const KEPT_SECONDS = 2 * 86_400;

/**
 * Counts one more export of a day in UTC.
 * @returns whether it is among the first `most` of them
 * @throws {ConditionFailed} where others order at the same time, again and again
 */
export const countExport = async (
  registry: Registry,
  { subject, now, most }: { readonly subject: string; readonly now: Date; readonly most: number },
): Promise<boolean> => {
  const pk = exportQuotaKey(subject, now.toISOString().slice(0, 10));
  const expiresAt = Math.floor(now.getTime() / 1000) + KEPT_SECONDS;
  for (let attempt = 1; ; attempt += 1) {
    const item = await readItem(registry, pk, META);
    const counted = item === undefined ? 0 : Number(unmarshal(item)['version']);
    if (counted >= most) return false;
    const next = marshal({ pk, sk: META, format: ITEM_FORMAT, version: counted + 1, expiresAt });
    try {
      await (counted === 0 ? createItem(registry, next) : replaceItem(registry, next, counted));
      return true;
    } catch (error) {
      if (!(error instanceof ConditionFailed) || attempt === TRIES) throw error;
    }
  }
};
