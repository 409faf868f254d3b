/** What the registry says of devices, remembered for a short time. Tolerates concurrent use. */
import type { InstrumentType } from '../../../contracts/resources/instrument-types.ts';
import { type WatchedRule, watchedRules } from '../../domain/alerts/watch.ts';
import type { KnownDevice } from '../../store/registry/items.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readRegistry } from '../../store/registry/lookup.ts';

const KNOWN_MILLIS = 30_000;
/** A device may be registered at any time: one that is not known is asked for again soon. */
const UNKNOWN_MILLIS = 3_000;
const MAX_ENTRIES = 50_000;

interface Entry<T> {
  readonly value: T | undefined;
  readonly until: number;
}

class Memory<T> {
  private readonly entries = new Map<string, Entry<T>>();

  fresh(key: string, now: number): Entry<T> | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && entry.until > now ? entry : undefined;
  }

  forget(key: string): T | undefined {
    const entry = this.entries.get(key);
    this.entries.delete(key);
    return entry?.value;
  }

  keep(key: string, value: T | undefined, now: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, until: now + (value === undefined ? UNKNOWN_MILLIS : KNOWN_MILLIS) });
    if (this.entries.size > MAX_ENTRIES) {
      const oldest = this.entries.keys().next().value;
      if (oldest !== undefined) this.entries.delete(oldest);
    }
  }
}

/** Alert rules of a type, made ready; `isWhole` where none of them is missing. */
export interface TypeAlerts {
  readonly rules: readonly WatchedRule[];
  readonly isWhole: boolean;
}

/** A type with its alert rules; `undefined` where those cannot be read. */
interface KnownType {
  readonly type: InstrumentType;
  readonly alerts: TypeAlerts | undefined;
}

const NO_ALERTS: TypeAlerts = { rules: [], isWhole: true };

/** A device as the registry has it; `damaged` where that, or its type, cannot be read or is not there. */
export type Registered =
  | { readonly device: KnownDevice; readonly type: InstrumentType; readonly alerts: TypeAlerts | undefined }
  | { readonly damaged: unknown };

/** What cannot be read, and why. */
class Damaged {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

export class RegistryCache {
  private readonly registry: Registry;
  private readonly devices = new Memory<KnownDevice | Damaged>();
  private readonly types = new Memory<KnownType | Damaged>();
  private readonly onUnread: (type: string, error: unknown) => void;

  /** @param onUnread told of types whose alert rules cannot be read, all or some */
  constructor(registry: Registry, onUnread: (type: string, error: unknown) => void) {
    this.registry = registry;
    this.onUnread = onUnread;
  }

  /** Forgets devices and their types: what was changed just now has to count. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      const device = this.devices.forget(id);
      if (device !== undefined && !(device instanceof Damaged)) this.types.forget(device.type);
    }
  }

  /**
   * Looks devices up.
   * @param now milliseconds
   * @returns by identifier; one that is not registered is absent
   */
  async look(ids: readonly string[], now: number, signal: AbortSignal): Promise<Map<string, Registered>> {
    const devices = await this.read(ids, this.devices, now, (missing) => this.askDevices(missing, signal));
    const known = [...devices.values()].filter(
      (device): device is KnownDevice => !(device instanceof Damaged),
    );
    const wanted = [...new Set(known.map(({ type }) => type))];
    const types = await this.read(wanted, this.types, now, (missing) => this.askTypes(missing, signal));
    return new Map(
      [...devices].map(([id, device]): [string, Registered] => {
        if (device instanceof Damaged) return [id, { damaged: device.error }];
        const known = types.get(device.type);
        if (known === undefined) return [id, { damaged: new Error(`there is no type ${device.type}`) }];
        return [id, known instanceof Damaged ? { damaged: known.error } : { device, ...known }];
      }),
    );
  }

  /** Reads devices; what is damaged is one of them, and known as such. */
  private async askDevices(
    devices: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, KnownDevice | Damaged>> {
    const damaged = new Map<string, Damaged>();
    const found = await readRegistry(this.registry, { devices, types: [] }, signal, (_, id, error) => {
      damaged.set(id, new Damaged(error));
    });
    return new Map<string, KnownDevice | Damaged>([...found.devices, ...damaged]);
  }

  /** Reads types with their alert rules. Points are stored by a type whose rules are damaged, and by none that is itself. */
  private async askTypes(
    types: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, KnownType | Damaged>> {
    const known = new Map<string, KnownType | Damaged>();
    const withoutRules = new Set<string>();
    const wanted = { devices: [], types, rules: types };
    const found = await readRegistry(this.registry, wanted, signal, (kind, id, error) => {
      if (kind !== 'rules') known.set(id, new Damaged(error));
      else {
        withoutRules.add(id);
        this.onUnread(id, error);
      }
    });
    for (const [id, type] of found.types) {
      const stored = found.rules.get(id);
      if (stored?.fault !== undefined) this.onUnread(id, stored.fault);
      const alerts = stored && {
        rules: watchedRules(stored.rules, type),
        isWhole: stored.unread.length === 0,
      };
      known.set(id, { type, alerts: withoutRules.has(id) ? undefined : (alerts ?? NO_ALERTS) });
    }
    return known;
  }

  private async read<T>(
    ids: readonly string[],
    memory: Memory<T>,
    now: number,
    ask: (missing: string[]) => Promise<ReadonlyMap<string, T>>,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>();
    const missing: string[] = [];
    for (const id of ids) {
      const entry = memory.fresh(id, now);
      if (entry === undefined) missing.push(id);
      else if (entry.value !== undefined) found.set(id, entry.value);
    }
    if (missing.length === 0) return found;
    const answers = await ask(missing);
    for (const id of missing) {
      const value = answers.get(id);
      memory.keep(id, value, now);
      if (value !== undefined) found.set(id, value);
    }
    return found;
  }
}
