/** Instrument types, which change seldom and are needed by each command. */
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readType } from '../../store/registry/types.ts';

/** How long a change may go unseen. */
const FRESH_MILLIS = 5000;
/** Types that are kept. */
const KEPT = 500;

/** The types of a registry, each read once in five seconds. */
export class TypeCache {
  private readonly registry: Registry;
  private readonly known = new Map<string, { readonly type: InstrumentType; readonly until: number }>();

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** Reads a type as it was within the last five seconds; one that is not there is looked for each time. */
  async read(id: string, now: Date): Promise<InstrumentType | undefined> {
    const found = this.known.get(id);
    if (found !== undefined && found.until > now.getTime()) return found.type;
    const type = await readType(this.registry, id);
    if (this.known.size >= KEPT) this.known.clear();
    if (type !== undefined) this.known.set(id, { type, until: now.getTime() + FRESH_MILLIS });
    return type;
  }
}
