/** Commands of an instrument type: whether they make sense before anybody gives one. */
import type { ProblemDetail } from '../../../contracts/problems.ts';
import type {
  CommandDeclaration,
  CommandParameter,
  Interlock,
} from '../../../contracts/resources/command-declarations.ts';
import type { InstrumentTypeInput } from '../../../contracts/resources/instrument-types.ts';
import { unitProblem } from '../../../series/units/unit-problem.ts';
import { checkParameters } from './parameters.ts';

const parameterFaults = (pointer: string, declared: CommandParameter): ProblemDetail[] => {
  const faults: ProblemDetail[] = [];
  const unit = 'unit' in declared ? declared.unit : undefined;
  const problem = unit === undefined ? undefined : unitProblem(unit);
  if (problem !== undefined) faults.push({ pointer: `${pointer}/unit`, detail: problem.detail });
  if (!('default' in declared) || declared.default === undefined) return faults;
  const schema = {
    type: 'object' as const,
    properties: { it: declared },
    required: [],
    additionalProperties: false as const,
  };
  const checked = checkParameters(schema, { it: declared.default });
  if ('faults' in checked)
    faults.push(...checked.faults.map(({ detail }) => ({ pointer: `${pointer}/default`, detail })));
  return faults;
};

const interlockFaults = (
  pointer: string,
  { channel, min, max, equals }: Interlock,
  channels: InstrumentTypeInput['channels'],
): ProblemDetail[] => {
  const declared = Object.hasOwn(channels, channel) ? channels[channel] : undefined;
  if (declared === undefined)
    return [{ pointer: `${pointer}/channel`, detail: 'the type has no such channel' }];
  const isNumeric = declared.type === 'number' || declared.type === 'integer';
  if ((min !== undefined || max !== undefined) && !isNumeric)
    return [{ pointer, detail: `min and max are for numbers; ${channel} is of type ${declared.type}` }];
  const wanted = isNumeric ? 'number' : declared.type;
  return equals !== undefined && typeof equals !== wanted
    ? [{ pointer: `${pointer}/equals`, detail: `${channel} is of type ${declared.type}` }]
    : [];
};

const commandFaults = (
  pointer: string,
  { parameters, interlocks }: CommandDeclaration,
  channels: InstrumentTypeInput['channels'],
): ProblemDetail[] => [
  ...Object.entries(parameters.properties).flatMap(([name, declared]) =>
    parameterFaults(`${pointer}/parameters/properties/${name}`, declared),
  ),
  ...interlocks.flatMap((each, at) => interlockFaults(`${pointer}/interlocks/${at}`, each, channels)),
];

/** What is wrong with the commands of a type, by JSON Pointer. */
export const declarationFaults = ({
  commands = {},
  channels,
}: Pick<InstrumentTypeInput, 'commands' | 'channels'>): ProblemDetail[] =>
  Object.entries(commands).flatMap(([name, declared]) =>
    commandFaults(`/commands/${name}`, declared, channels),
  );
