/** Commands of a simulated instrument as handlers of the device library. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandDeclaration, CommandParameter } from '../../contracts/resources/command-declarations.ts';
import {
  type CommandHandler,
  type CommandHandlers,
  CommandRejected,
  type Json,
  type Parameters,
} from '../commands/handler.ts';
import type { Control, Readings, SimulatedCommand } from './model.ts';
import type { SimulatedDevice } from './simulated-device.ts';

/** The instrument that commands are done to. */
export interface Controlled {
  /** What it shows at a time. */
  show(seconds: number): Readings;
  control(control: Control): void;
  lastControl(): Control | undefined;
}

const now = (): number => Date.now() / 1000;

const isWithin = (value: Json, type: string, minimum = -Infinity, maximum = Infinity): boolean =>
  typeof value === 'number' &&
  (type === 'number' || Number.isInteger(value)) &&
  value >= minimum &&
  value <= maximum;

const fits = (declared: CommandParameter, value: Json): boolean => {
  if (declared.type === 'number' || declared.type === 'integer')
    return isWithin(value, declared.type, declared.minimum, declared.maximum);
  if (declared.type !== 'array') return typeof value === declared.type;
  const { items, minItems = 0, maxItems } = declared;
  return (
    Array.isArray(value) &&
    value.length >= minItems &&
    value.length <= maxItems &&
    value.every((item) => isWithin(item, items.type, items.minimum, items.maximum))
  );
};

/**
 * Parameters with their defaults. The platform has checked them; an instrument does not rely on that.
 * @throws {CommandRejected} `invalid-parameters`
 */
const complete = ({ parameters }: CommandDeclaration, given: Parameters): Parameters => {
  const { properties, required } = parameters;
  const whole: Record<string, Json> = {};
  for (const [name, declared] of Object.entries(properties)) {
    const value = given[name] ?? ('default' in declared ? declared.default : undefined);
    if (value !== undefined && fits(declared, value)) whole[name] = value;
    else if (value !== undefined || required.includes(name))
      throw new CommandRejected('invalid-parameters', `${name} is missing or not as the type declares it`);
  }
  return whole;
};

const handlerOf = (command: SimulatedCommand, instrument: Controlled): CommandHandler => ({
  atOnce: command.atOnce ?? false,
  check(parameters) {
    const whole = complete(command.declaration, parameters);
    command.check?.(whole, instrument.show(now()));
  },
  run: (parameters, { progress, signal }) =>
    command.run(complete(command.declaration, parameters), {
      progress,
      read: () => instrument.show(now()),
      control(name, values = {}) {
        const control = { at: now(), name, values };
        instrument.control(control);
        return control;
      },
      last: () => instrument.lastControl(),
      wait: (seconds) => sleep(seconds * 1000, undefined, { signal }),
    }),
});

/** How a simulated device does its commands. */
export const commandsOf = ({ instrument }: SimulatedDevice, controlled: Controlled): CommandHandlers =>
  Object.fromEntries(
    Object.entries(instrument.commands).map(([name, command]) => [name, handlerOf(command, controlled)]),
  );
