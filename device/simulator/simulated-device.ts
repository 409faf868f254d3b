/** The simulated devices of a fleet: their instruments, identities, places and formats. */
import type { DeviceFacts, DeviceMetadata } from '../../contracts/resources/devices.ts';
import type { PayloadFormat } from '../../payload/encode.ts';
import type { Wrapping } from '../wrapping.ts';
import { INSTRUMENTS } from './instruments.ts';
import type { Instrument } from './model.ts';
import { Noise } from './noise.ts';

const PLACES = [
  { town: 'Basel', latitude: 47.5596, longitude: 7.5886 },
  { town: 'Cambridge', latitude: 52.1943, longitude: 0.1371 },
  { town: 'Heidelberg', latitude: 49.4147, longitude: 8.6714 },
  { town: 'Boston', latitude: 42.3467, longitude: -71.0972 },
  { town: 'Lund', latitude: 55.7117, longitude: 13.2093 },
] as const;

/** A simulated device: its instrument, its place, and how it sends. */
export interface SimulatedDevice {
  readonly id: string;
  readonly site: string;
  readonly instrument: Instrument;
  readonly metadata: DeviceMetadata;
  /** What it says of itself in its first message. */
  readonly facts: DeviceFacts;
  readonly format: PayloadFormat;
  readonly wrapping: Wrapping;
  readonly noise: Noise;
  /** By how much its samples come after those of the first device, as a share of the interval. */
  readonly phase: number;
}

/** How many devices of what kinds; the same shape gives the same devices. */
export interface FleetShape {
  readonly devices: number;
  readonly seed: string | number;
  /** Sites, given to devices in turn. Default `demo`. */
  readonly sites?: readonly string[];
  /** Instrument types by id, given to devices in turn. Default all. */
  readonly types?: readonly string[];
  /** Formats, given to devices in turn. Default rows. */
  readonly formats?: readonly PayloadFormat[];
  readonly wrappings?: readonly Wrapping[];
}

const hex = (value: number): string => Math.floor(value).toString(16).padStart(2, '0');

const factsOf = (noise: Noise, index: number, place: (typeof PLACES)[number], room: string): DeviceFacts => ({
  firmware: `${noise.pick([1, 2, 3], 'major')}.${Math.floor(noise.between(0, 10, 'minor'))}.${Math.floor(noise.between(0, 20, 'patch'))}`,
  // 02 marks an address as locally administered: no manufacturer owns it.
  mac: `02:${[0, 1, 2, 3, 4].map((part) => hex(noise.between(0, 256, 'mac', part))).join(':')}`,
  ip: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
  location: `${place.town}, ${room}`,
  latitude: Number((place.latitude + noise.between(-0.004, 0.004, 'latitude')).toFixed(5)),
  longitude: Number((place.longitude + noise.between(-0.004, 0.004, 'longitude')).toFixed(5)),
});

const instrumentsOf = (ids: readonly string[] | undefined): readonly Instrument[] =>
  (ids ?? INSTRUMENTS.map(({ type }) => type.id)).map((id) => {
    const found = INSTRUMENTS.find(({ type }) => type.id === id);
    if (found === undefined) {
      throw new RangeError(
        `no instrument type ${id}; there are ${INSTRUMENTS.map(({ type }) => type.id).join(', ')}`,
      );
    }
    return found;
  });

const inTurn = <T>(choices: readonly T[], index: number, what: string): T => {
  const choice = choices[index % choices.length];
  if (choice === undefined) throw new RangeError(`name at least one of ${what}`);
  return choice;
};

/**
 * The devices of a fleet; the same for the same shape.
 * @throws {RangeError} for an unknown instrument type or an empty choice
 */
export const simulatedDevices = (shape: FleetShape): readonly SimulatedDevice[] => {
  const { devices, seed, sites = ['demo'], types, formats = ['rows'], wrappings = ['none'] } = shape;
  const instruments = instrumentsOf(types);
  const digits = Math.max(3, String(devices).length);
  return Array.from({ length: devices }, (_, index) => {
    const instrument = inTurn(instruments, index, 'types');
    const site = inTurn(sites, index, 'sites');
    const id = `${instrument.type.id}-${String(index + 1).padStart(digits, '0')}`;
    const noise = new Noise(seed, id);
    const place = inTurn(PLACES, sites.indexOf(site), 'places');
    const room = `room ${Math.floor(noise.between(100, 500, 'room number'))}`;
    const facts = factsOf(noise, index + 1, place, room);
    // One further with each round of the types: so each type comes to speak every format.
    const turn = (index % instruments.length) + Math.floor(index / instruments.length);
    return {
      id,
      site,
      instrument,
      metadata: {
        name: `${instrument.type.name} ${index + 1}`,
        serial: `SIM-${String(Math.floor(noise.between(0, 1e8, 'serial'))).padStart(8, '0')}`,
        location: { latitude: facts.latitude ?? 0, longitude: facts.longitude ?? 0, room },
        labels: { simulated: 'yes' },
      },
      facts,
      format: inTurn(formats, turn, 'formats'),
      wrapping: inTurn(wrappings, turn, 'wrappings'),
      noise,
      phase: index === 0 ? 0 : noise.uniform('phase'),
    };
  });
};
