import { Checkbox, Select, Textarea, TextInput } from '@mantine/core';
import type { CommandParameter } from '../../api/gen/index.ts';
import { texts } from '../../texts.ts';
import { labelOf, limitsText } from './form-values.ts';

interface Props {
  readonly name: string;
  readonly rules: CommandParameter;
  readonly required: boolean;
  readonly value: string | boolean | undefined;
  readonly error: string | undefined;
  readonly onChange: (value: string | boolean | undefined) => void;
}

const described = (rules: CommandParameter, required: boolean): string =>
  [
    rules.description,
    rules.type === 'number' || rules.type === 'integer' ? limitsText(rules) : undefined,
    rules.type === 'array' ? texts.commands.listHint : undefined,
    required ? undefined : texts.commands.optional,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');

/** A field of a parameter. Numbers are typed as text: a number field would change what it cannot read. */
export const ParameterField = ({ name, rules, required, value, error, onChange }: Props) => {
  const shared = { label: labelOf(name, rules), description: described(rules, required), error };
  const text = typeof value === 'string' ? value : '';
  if (rules.type === 'boolean')
    return (
      <Checkbox
        {...shared}
        checked={value === true}
        indeterminate={value === undefined && !required}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
    );
  if (rules.type === 'array')
    return (
      <Textarea
        {...shared}
        withAsterisk={required}
        autosize
        minRows={2}
        value={text}
        onChange={({ currentTarget }) => onChange(currentTarget.value)}
      />
    );
  if (rules.enum !== undefined)
    return (
      <Select
        {...shared}
        withAsterisk={required}
        data={rules.enum.map(String)}
        value={text === '' ? null : text}
        clearable={!required}
        onChange={(chosen) => onChange(chosen ?? undefined)}
      />
    );
  return (
    <TextInput
      {...shared}
      withAsterisk={required}
      inputMode={rules.type === 'string' ? 'text' : 'decimal'}
      autoComplete="off"
      value={text}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
};
