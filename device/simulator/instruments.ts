/** The instruments that can be simulated, and their types as the platform registers them. */
import type { InstrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import type { Instrument } from './model.ts';
import { analyticalBalance } from './models/analytical-balance.ts';
import { centrifuge } from './models/centrifuge.ts';
import { environmentSensor } from './models/environment-sensor.ts';
import { hplcPump } from './models/hplc-pump.ts';
import { incubator } from './models/incubator.ts';
import { phMeter } from './models/ph-meter.ts';

export const INSTRUMENTS = [
  environmentSensor,
  phMeter,
  analyticalBalance,
  centrifuge,
  incubator,
  hplcPump,
] as const satisfies readonly Instrument[];

/** Instrument types that must be registered before devices of them can be. */
export const INSTRUMENT_TYPES: readonly InstrumentTypeInput[] = INSTRUMENTS.map(({ type }) => type);
