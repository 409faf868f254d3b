/** An instrument type as a form: all of it as it is typed, and what it comes to. */
import type { ChannelInput, InstrumentType, InstrumentTypeUpdate } from '../../api/gen/index.ts';
import { texts } from '../../texts.ts';

/** Members of a channel that are numbers, with the way to each. */
export const NUMBERS = [
  ['range', 'min'],
  ['range', 'max'],
  ['limits', 'min'],
  ['limits', 'max'],
  ['resolution'],
  ['interval'],
  ['maxRate'],
  ['stuckAfter'],
] as const;

/** `range/min`: the name of a number's field, and its pointer within the channel. */
export const fieldName = (path: readonly string[]): string => path.join('/');

export interface ChannelForm {
  /** Names the row while the channel's own name is being typed. */
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  readonly type: string;
  readonly kind: string;
  readonly label: string;
  /** By {@link fieldName}, as typed. */
  readonly numbers: Readonly<Record<string, string>>;
  /** The only texts of a channel, one a line. */
  readonly values: string;
}

export interface TypeForm {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly channels: readonly ChannelForm[];
  /** JSON. */
  readonly commands: string;
}

const numberAt = (channel: ChannelInput, path: readonly string[]): number | undefined => {
  let at: unknown = channel;
  for (const name of path) at = (at as Record<string, unknown> | undefined)?.[name];
  return typeof at === 'number' ? at : undefined;
};

export const emptyChannel = (): ChannelForm => ({
  key: crypto.randomUUID(),
  name: '',
  unit: '1',
  type: 'number',
  kind: 'continuous',
  label: '',
  numbers: {},
  values: '',
});

const channelForm = (name: string, channel: ChannelInput): ChannelForm => ({
  ...emptyChannel(),
  name,
  unit: channel.unit,
  type: channel.type ?? 'number',
  kind: channel.kind ?? 'continuous',
  label: channel.label ?? '',
  numbers: Object.fromEntries(
    NUMBERS.flatMap((path) => {
      const value = numberAt(channel, path);
      return value === undefined ? [] : [[fieldName(path), String(value)] as const];
    }),
  ),
  values: channel.values?.join('\n') ?? '',
});

/** @param type absent: a new one */
export const formOf = (type: InstrumentType | undefined): TypeForm => ({
  id: type?.id ?? '',
  name: type?.name ?? '',
  description: type?.description ?? '',
  manufacturer: type?.manufacturer ?? '',
  model: type?.model ?? '',
  channels:
    type === undefined ? [emptyChannel()] : Object.entries(type.channels).map(([n, c]) => channelForm(n, c)),
  commands: type?.commands === undefined ? '' : JSON.stringify(type.commands, null, 2),
});

export interface ReadForm {
  readonly body: Omit<InstrumentTypeUpdate, 'reason'>;
  /** By JSON Pointer into the body, as the server's own. */
  readonly errors: Readonly<Record<string, string>>;
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** JSON Pointer of a channel, or of a member of it. */
export const pointerOf = (channel: string, member?: string): string =>
  `/channels/${escaped(channel)}${member === undefined ? '' : `/${member}`}`;

const readChannel = (form: ChannelForm, errors: Record<string, string>): Record<string, unknown> => {
  const channel: Record<string, unknown> = { unit: form.unit, type: form.type, kind: form.kind };
  if (form.label !== '') channel['label'] = form.label;
  for (const path of NUMBERS) {
    const name = fieldName(path);
    const typed = (form.numbers[name] ?? '').trim();
    if (typed === '') continue;
    const value = Number(typed);
    if (!Number.isFinite(value)) errors[pointerOf(form.name, name)] = texts.commands.fault.number;
    const [outer, inner] = path;
    if (inner === undefined) channel[outer] = value;
    else channel[outer] = { ...(channel[outer] as object | undefined), [inner]: value };
  }
  const values = form.values.split('\n').filter((line) => line !== '');
  if (values.length > 0) channel['values'] = values;
  return channel;
};

/** What the form comes to, and what can be told to be wrong before it is sent. */
export const readTypeForm = (form: TypeForm): ReadForm => {
  const errors: Record<string, string> = {};
  const channels: Record<string, Record<string, unknown>> = {};
  for (const each of form.channels) {
    if (each.name === '') errors[pointerOf('')] = texts.commands.fault.required;
    else if (Object.hasOwn(channels, each.name)) errors[pointerOf(each.name)] = texts.commands.fault.twice;
    channels[each.name] = readChannel(each, errors);
  }
  let commands: unknown;
  if (form.commands.trim() !== '') {
    try {
      commands = JSON.parse(form.commands);
    } catch (error) {
      errors['/commands'] = error instanceof Error ? error.message : String(error);
    }
  }
  const said = Object.fromEntries(
    (['description', 'manufacturer', 'model'] as const).flatMap((name) =>
      form[name] === '' ? [] : [[name, form[name]] as const],
    ),
  );
  const body = { name: form.name, ...said, channels, ...(commands === undefined ? {} : { commands }) };
  return { body: body as unknown as ReadForm['body'], errors };
};
