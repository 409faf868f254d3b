import { Fieldset, Select, SimpleGrid } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import type { CommandParameters } from '../../api/gen/index.ts';
import { typesQuery } from '../../api/queries.ts';
import { texts } from '../../texts.ts';
import type { Typed } from '../commands/form-values.ts';
import { ParameterField } from '../commands/ParameterField.tsx';
import { conditionFields, DELAYS, KINDS, type Kind } from './condition-fields.ts';
import { emptyCondition, type FieldsProps } from './rule-form.ts';

const directionWords = (value: string): string =>
  (texts.alertRules.directions as Readonly<Record<string, string>>)[value] ?? value;

/** The condition of a rule, by its kind, and for how long it has to hold. */
export const ConditionFields = ({
  form,
  set,
  at,
  readOnly,
  kept,
}: FieldsProps & { readonly kept: boolean }) => {
  const { data: types } = useSuspenseQuery(typesQuery);
  const { alertRules: words } = texts;
  const { kind, from, condition, delays } = form;
  const channels = types.find(({ id }) => id === form.type)?.channels ?? {};
  const typedUnit = condition['unit'];
  const unit =
    typeof typedUnit === 'string' && typedUnit !== '' ? typedUnit : (channels[form.channel]?.unit ?? '');
  const kindFields = conditionFields(kind, unit, from);
  const choices: Readonly<Record<string, readonly { value: string; label: string }[]>> = {
    direction: directionsOf(kindFields),
    'from/channel': Object.entries(channels)
      .filter(([name]) => name !== form.channel)
      .map(([value, { label }]) => ({ value, label: label ?? value })),
  };
  const fields = (
    { properties, required }: CommandParameters,
    typed: Typed,
    base: string,
    change: (typed: Typed) => void,
  ) =>
    Object.entries(properties).map(([name, rules]) => {
      const pointer = `${base}/${name}`;
      const error = at(pointer);
      const chosen = choices[name];
      const onChange = (value: string | boolean | undefined): void => {
        if (!readOnly) change({ ...typed, [name]: value });
      };
      return chosen === undefined ? (
        <ParameterField
          key={pointer}
          name={name}
          rules={rules}
          required={required.includes(name)}
          value={typed[name]}
          error={error}
          onChange={onChange}
        />
      ) : (
        <Select
          key={pointer}
          label={rules.title ?? name}
          data={[...chosen]}
          withAsterisk
          allowDeselect={false}
          readOnly={readOnly}
          value={typeof typed[name] === 'string' ? String(typed[name]) : null}
          error={error}
          onChange={(value) => onChange(value ?? undefined)}
        />
      );
    });
  return (
    <Fieldset legend={words.conditionLegend} p="md">
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm" style={{ alignItems: 'end' }}>
        <Select
          label={words.fields.kind}
          description={kept ? words.lifelong : undefined}
          data={KINDS.map((value) => ({ value, label: words.kinds[value] }))}
          value={kind}
          allowDeselect={false}
          disabled={kept}
          error={at('/condition/kind')}
          onChange={(value) => {
            const next: Kind = KINDS.find((each) => each === value) ?? kind;
            // Nothing of another kind stays behind.
            if (next !== kind) set({ kind: next, condition: emptyCondition(next) });
          }}
        />
        {kind === 'deviation' && (
          <Select
            label={words.from}
            data={[
              { value: 'value', label: words.fromKinds.value },
              { value: 'channel', label: words.fromKinds.channel },
            ]}
            value={from}
            allowDeselect={false}
            readOnly={readOnly}
            error={at('/condition/from')}
            onChange={(value) => set({ from: value === 'channel' ? 'channel' : 'value' })}
          />
        )}
        {fields(kindFields, condition, '/condition', (next) => set({ condition: next }))}
        {fields(DELAYS, delays, '', (next) => set({ delays: next }))}
      </SimpleGrid>
    </Fieldset>
  );
};

const directionsOf = ({ properties: { direction } }: CommandParameters) =>
  direction?.type === 'string'
    ? (direction.enum ?? []).map((value) => ({ value, label: directionWords(value) }))
    : [];
