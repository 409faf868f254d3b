/** Which devices somebody looks for. */
import type { Device, DeviceSearch } from '../../../contracts/resources/devices.ts';

/** As texts are compared: without regard to case, and to how a letter is put together. */
const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Whether a device has the beginning of a name and the attribute that are asked for. */
export const isSearched = (
  { id, name, serial, labels = {} }: Device,
  { search, attribute }: Pick<DeviceSearch, 'search' | 'attribute'>,
): boolean => {
  if (search !== undefined) {
    const start = folded(search);
    if (![id, name, serial].some((text) => text !== undefined && folded(text).startsWith(start)))
      return false;
  }
  if (attribute === undefined) return true;
  const colon = attribute.indexOf(':');
  const label = colon < 0 ? attribute : attribute.slice(0, colon);
  if (!Object.hasOwn(labels, label)) return false;
  return colon < 0 || labels[label] === attribute.slice(colon + 1);
};
