/** Kinds of the channels of devices, as the registry has them. */
import type { ChannelKind } from '../../../series/summaries/summary.ts';
import type { Registry } from '../../store/registry/keys.ts';
import { readRegistry } from '../../store/registry/lookup.ts';

/** What compaction needs to know of a device. */
export interface CompactedDevice {
  readonly site: string;
  /** By channel. */
  readonly kinds: ReadonlyMap<string, ChannelKind>;
}

/** What the registry says, remembered for one run. */
export class DeviceCache {
  private readonly registry: Registry;
  private readonly devices = new Map<string, Promise<CompactedDevice | undefined>>();
  private readonly types = new Map<string, Promise<ReadonlyMap<string, ChannelKind>>>();

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
    const kinds = this.types.get(device.type) ?? this.readKinds(device.type, signal);
    this.types.set(device.type, kinds);
    return { site: device.site, kinds: await kinds };
  }

  private async readKinds(id: string, signal: AbortSignal): Promise<ReadonlyMap<string, ChannelKind>> {
    const { types } = await readRegistry(this.registry, { devices: [], types: [id] }, signal);
    const channels = Object.entries(types.get(id)?.channels ?? {});
    return new Map(channels.map(([name, { kind }]) => [name, kind]));
  }
}
