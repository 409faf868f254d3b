/** What compaction needs to know of devices, as the registry has it. */

import type { ChannelKind } from '../../../series/summaries/summary.ts';
import { type RulesByChannel, rulesOfType } from '../../domain/ingestion/quality.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readRegistry } from '../../store/registry/lookup.ts';

/** What compaction needs to know of a device. */
export interface CompactedDevice {
  readonly site: string;
  /** By channel. */
  readonly kinds: ReadonlyMap<string, ChannelKind>;
  /** What its points are judged by. */
  readonly rules: RulesByChannel;
}

type TypeRules = Pick<CompactedDevice, 'kinds' | 'rules'>;

/** What the registry says, remembered for one run. */
export class DeviceCache {
  private readonly registry: Registry;
  private readonly devices = new Map<string, Promise<CompactedDevice | undefined>>();
  private readonly types = new Map<string, Promise<TypeRules>>();

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** @returns `undefined` for a device that is not registered */
  of(device: string, signal: AbortSignal): Promise<CompactedDevice | undefined> {
    const known = this.devices.get(device) ?? this.read(device, signal);
    this.devices.set(device, known);
    return known;
  }

  private async read(id: string, signal: AbortSignal): Promise<CompactedDevice | undefined> {
    const { devices } = await readRegistry(this.registry, { devices: [id], types: [] }, signal);
    const device = devices.get(id);
    if (device === undefined) return undefined;
    const type = this.types.get(device.type) ?? this.readType(device.type, signal);
    this.types.set(device.type, type);
    return { site: device.site, ...(await type) };
  }

  private async readType(id: string, signal: AbortSignal): Promise<TypeRules> {
    const { types } = await readRegistry(this.registry, { devices: [], types: [id] }, signal);
    const channels = types.get(id)?.channels ?? {};
    return {
      kinds: new Map(Object.entries(channels).map(([name, { kind }]) => [name, kind])),
      rules: rulesOfType({ channels }),
    };
  }
}
