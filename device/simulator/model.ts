/** What an instrument shows at a moment. */

import type * as z from 'zod';
import type { Value } from '../../contracts/messages/message.ts';
import {
  type CommandDeclaration,
  type CommandDeclarations,
  commandDeclaration,
} from '../../contracts/resources/command-declarations.ts';
import type { InstrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import type { CommandContext, Json, Parameters } from '../commands/handler.ts';
import type { Noise } from './noise.ts';

/** Readings of all channels, by name. */
export type Readings = Readonly<Record<string, Value>>;

/** What was done to an instrument from outside, and when. */
export interface Control {
  /** Seconds since the epoch. */
  readonly at: number;
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

/** What a command of a simulated instrument works with. */
export interface Bench extends Pick<CommandContext, 'progress'> {
  /** What the instrument shows now. */
  read(): Readings;
  /** Does something to the instrument now. */
  control(name: string, values?: Readonly<Record<string, number>>): Control;
  /** What was done to it last. */
  last(): Control | undefined;
  /** Waits; rejects when the command is aborted. */
  wait(seconds: number): Promise<void>;
}

/** How a simulated instrument does a command. Its parameters are those that it declares. */
export interface SimulatedCommand {
  readonly declaration: CommandDeclaration;
  /** Whether it goes beside a command that is under way. */
  readonly atOnce?: boolean;
  /** @throws {CommandRejected} when it cannot be done in this state */
  check?(parameters: Parameters, readings: Readings): void;
  run(parameters: Parameters, bench: Bench): Promise<Json>;
}

export interface Instrument {
  readonly type: InstrumentTypeInput;
  readonly commands: Readonly<Record<string, SimulatedCommand>>;
  /**
   * What it shows at a moment.
   * @param seconds since the epoch
   * @param controls what was done to it, in order of time; what comes after the moment counts for nothing
   */
  readonly read: (noise: Noise, seconds: number, controls?: readonly Control[]) => Readings;
  /** Seconds between two samples, where it was told. */
  readonly intervalOf?: (controls: readonly Control[]) => number | undefined;
}

/** A declaration with its defaults. */
export const declared = (declaration: z.input<typeof commandDeclaration>): CommandDeclaration =>
  commandDeclaration.parse(declaration);

/** What the commands of an instrument declare. */
export const declarationsOf = (commands: Instrument['commands']): CommandDeclarations =>
  Object.fromEntries(Object.entries(commands).map(([name, { declaration }]) => [name, declaration]));

/** The newest of the controls of a name that a moment knows of. */
export const lastControl = (
  controls: readonly Control[],
  seconds: number,
  ...names: readonly string[]
): Control | undefined => controls.findLast(({ at, name }) => at <= seconds && names.includes(name));

/** A value that goes from level to level in a first-order response. */
export const response = (
  levels: readonly { readonly at: number; readonly level: number }[],
  seconds: number,
  timeConstant: number,
): number => {
  const [first, ...rest] = levels;
  let value = first?.level ?? 0;
  let level = value;
  let at = first?.at ?? 0;
  for (const next of rest) {
    if (next.at > seconds) break;
    value = level + (value - level) * Math.exp(-(next.at - at) / timeConstant);
    ({ at, level } = next);
  }
  return level + (value - level) * Math.exp(-(seconds - at) / timeConstant);
};

export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86_400;

/** Place of a moment in a repeating program: which round, and how many seconds into it. */
export const roundOf = (seconds: number, period: number): { readonly round: number; readonly at: number } => {
  const round = Math.floor(seconds / period);
  return { round, at: seconds - round * period };
};
